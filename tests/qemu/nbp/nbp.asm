; SPDX-License-Identifier: BSD-2-Clause
;
; A network boot program that makes calls of the PXE API and says on COM1 what came of them; the judge is
; test_nbp.py. Calls come from a table, so that a new one costs a line: see calls.inc. Lines are
;
;	START es:bx ss:sp [ss:sp+4]	as we were entered, far pointers
;	ENV bytes			PXENV+		PXE bytes	!PXE
;	INT1A ax es:bx flags
;	INT12 ax
;	E820 start size type		a line a row
;	E8SHORT flags			for a buffer of 19 bytes
;	E801 ax bx cx dx		INT88 ax
;	CALL name ax parameters [what they point to]
;	KEPT n				bits of what a call has changed: 0 nothing, see `compare`
;	END
;
; all in hexadecimal. Then a far return with ax = RETURN, with -DTS in the middle of a task switch. int 18h in its
; place with -DINT18. With -DMASK no interrupt comes while calls are made.

%ifndef RETURN
%define RETURN 0
%endif

COM1		equ 0x3f8
CODE		equ 0x08		; 16-bit, base 0
DATA		equ 0x10
FIRST		equ 0x18		; seven of the API's
STACK32		equ 0x50		; 32-bit data, base 0
STACK16		equ 0x58		; base is our stack's

	bits	16
	org	0x7c00

start:	mov	[cs:old_sp], sp
	mov	[cs:old_ss], ss
	mov	ax, cs
	mov	ds, ax
	mov	[env], bx
	mov	[env + 2], es
	mov	bp, sp
	mov	eax, [bp + 4]		; by ss
	mov	[bang], eax
	mov	fs, ax
	mov	si, text_start
	call	print
	mov	eax, [env]
	call	hex32
	mov	ax, [old_ss]
	shl	eax, 16
	mov	ax, [old_sp]
	call	hex32
	mov	eax, [bang]
	call	hex32
	call	line
	mov	ax, cs			; 0000:7C00
	mov	es, ax
	mov	si, text_env
	mov	eax, [env]
	mov	cx, 0x2c
	call	print_far
	mov	si, text_pxe
	mov	eax, [bang]
	mov	cx, 0x58
	call	print_far
	call	memory
	call	prepare
%ifdef MASK
	in	al, 0x21
	push	ax
	mov	al, 0xff
	out	0x21, al
%endif
	mov	si, calls
.next:	cmp	byte [si], 0
	je	.end
	call	call_row
	jmp	.next
.end:
%ifdef MASK
	pop	ax
	out	0x21, al
%endif
	mov	si, text_kept
	call	print
	movzx	eax, word [changed]
	call	hex16
	call	line
	mov	si, text_end
	call	print
	call	line
%ifdef INT18
	int	0x18
%endif
%ifdef TS
	mov	eax, cr0
	or	al, 8			; an FPU or SSE instruction is an exception now
	mov	cr0, eax
%endif
	mov	ss, [old_ss]
	mov	sp, [old_sp]
	mov	ax, RETURN
	retf

; -- what is asked of the BIOS ------------------------------------------------------------------------------
memory:	mov	ax, 0x5650
	xor	bx, bx
	mov	es, bx
	stc
	int	0x1a
	pushf
	mov	si, text_1a
	call	print
	call	hex16
	mov	ax, es
	shl	eax, 16
	mov	ax, bx
	call	hex32
	pop	ax
	call	hex16
	call	line
	mov	si, text_12
	call	print
	int	0x12
	call	hex16
	call	line
	xor	ebx, ebx
	mov	es, bx
.row:	mov	eax, 0xe820
	mov	edx, 0x534d4150
	mov	ecx, 24
	mov	di, params
	int	0x15
	jc	.rows
	mov	si, text_e820
	call	print
	mov	eax, [params + 4]
	call	hex32
	mov	eax, [params]
	call	hex32
	mov	al, ' '
	call	put
	mov	eax, [params + 12]
	call	hex32
	mov	eax, [params + 8]
	call	hex32
	mov	al, ' '
	call	put
	mov	eax, [params + 16]
	call	hex32
	call	line
	test	ebx, ebx
	jnz	.row
.rows:	mov	si, text_short
	call	print
	mov	eax, 0xe820
	mov	edx, 0x534d4150
	xor	ebx, ebx
	mov	ecx, 19
	mov	di, params
	int	0x15
	pushf
	pop	ax
	call	hex16
	call	line
	mov	si, text_e801
	call	print
	mov	ax, 0xe801
	int	0x15
	push	dx
	push	cx
	push	bx
	call	hex16
	pop	ax
	call	hex16
	pop	ax
	call	hex16
	pop	ax
	call	hex16
	call	line
	mov	si, text_88
	call	print
	mov	ah, 0x88
	int	0x15
	call	hex16
	jmp	line

; -- calls --------------------------------------------------------------------------------------------------
; A row at si: name, 0; opcode; way; where in the parameters there is a far pointer to show bytes of, or FFh; how
; many (0: as the word at `where` - 2 says); size of the parameters; parameters. On return si is behind it.
call_row:
	mov	dx, si
.name:	lodsb
	test	al, al
	jnz	.name
	lodsw
	mov	[opcode], ax
	lodsb
	mov	[way], al
	lodsb
	mov	[where], al
	lodsw
	mov	[show], ax
	lodsw
	mov	[size], ax
	mov	cx, ax
	push	cs
	pop	es
	mov	di, params
	rep	movsb
	push	si
	mov	bl, [way]
	xor	bh, bh
	shl	bx, 1
	call	state
	call	[ways + bx]
	mov	[result], ax
	call	compare
	mov	si, text_call
	call	print
	mov	si, dx
	call	print
	mov	ax, [result]
	call	space16
	mov	al, ' '
	call	put
	push	cs
	pop	es
	mov	di, params
	mov	cx, [size]
	call	bytes
	cmp	byte [where], 0xff
	je	.shown
	mov	bl, [where]
	xor	bh, bh
	mov	cx, [show]
	test	cx, cx
	jnz	.known
	mov	cx, [params + bx - 2]
.known:	les	di, [params + bx]
	mov	al, ' '
	call	put
	call	bytes
.shown:	call	line
	pop	si
	ret

; Ways. 0: !PXE from real mode.
by_pxe:	push	ds
	push	word params
	push	word [opcode]
	les	bx, [bang]
	call	far [es:bx + 0x10]
	add	sp, 6
	ret
; 1: PXENV+.
by_env:	les	bx, [env]
	mov	ax, [es:bx + 0x0a]
	mov	[entry], ax
	mov	ax, [es:bx + 0x0c]
	mov	[entry + 2], ax
	push	ds
	pop	es
	mov	di, params
	mov	bx, [opcode]
	call	far [entry]
	ret
; 2: !PXE from protected mode with a stack of 16 bits. 3: of 32 bits.
by_pm16:
	mov	word [pm_stack], STACK16
	mov	bp, 0x10
	jmp	by_pm
by_pm32:
	mov	word [pm_stack], STACK32
	mov	bp, 0x14
by_pm:	pushf
	cli
	les	bx, [bang]
	mov	eax, [es:bx + 0x20 + 5 * 8 + 2]	; where the base code is; one segment has all
	add	bx, bp
	mov	cx, [es:bx]
	mov	[entry], cx
	mov	word [entry + 2], FIRST + 5 * 8
	mov	bx, gdt + FIRST
.descriptor:
	mov	[bx + 2], ax
	mov	ecx, eax
	shr	ecx, 16
	mov	[bx + 4], cl
	mov	[bx + 7], ch
	add	bx, 8
	cmp	bx, gdt + FIRST + 7 * 8
	jb	.descriptor
	lgdt	[gdtr]
	mov	[real_ss], ss
	movzx	eax, word [real_ss]
	shl	eax, 4
	mov	[gdt + STACK16 + 2], ax
	shr	eax, 16
	mov	[gdt + STACK16 + 4], al
	mov	eax, cr0
	or	al, 1
	mov	cr0, eax
	jmp	CODE:.pm
.pm:	mov	ax, DATA
	mov	ds, ax
	mov	es, ax
	mov	fs, ax
	mov	gs, ax
	movzx	esp, sp
	mov	edi, esp
	mov	ss, [pm_stack]
	cmp	word [pm_stack], STACK32
	jne	.stack
	movzx	eax, word [real_ss]
	shl	eax, 4
	add	esp, eax
.stack:
	mov	ebx, 0x12345678
	push	ds
	push	word params
	push	word [opcode]
	call	far [entry]
	add	esp, 6
	cmp	ebx, 0x12345678
	je	.kept
	or	word [changed], 0x80
.kept:	mov	cx, ss
	cmp	cx, [pm_stack]
	je	.same
	or	word [changed], 0x100
.same:	mov	cx, ds
	cmp	cx, DATA
	je	.ds
	or	word [changed], 0x200
.ds:	sgdt	[gdtr_now]
	mov	ecx, [gdtr_now + 2]
	cmp	ecx, gdt
	je	.gdt
	or	word [changed], 0x400
.gdt:	mov	cx, DATA		; limits as in real mode
	mov	ss, cx
	mov	ecx, cr0
	and	cl, ~1
	mov	cr0, ecx
	jmp	0:.real
.real:	xor	cx, cx
	mov	ds, cx
	mov	es, cx
	mov	fs, cx
	mov	ss, [real_ss]
	mov	gs, [real_ss]
	mov	esp, edi
	popf
	ret

; -- what a call has to leave alone -------------------------------------------------------------------------
prepare:
	mov	eax, cr4
	or	ax, 0x200		; SSE
	mov	cr4, eax
	mov	eax, cr0
	and	al, ~0x0e
	mov	cr0, eax
	fninit
	fldpi
	fldl2t
	mov	cx, 8
	mov	eax, 0x5a5a1234
	mov	di, params
	push	ds
	pop	es
	push	di
	rep	stosd
	mov	di, before		; FXSAVE leaves some of it as it is
	mov	cx, 2 * 512 / 4
	xor	eax, eax
	rep	stosd
	pop	di
	movups	xmm0, [di]
	movups	xmm3, [di]
	movups	xmm7, [di]
	ret
state:	push	eax
	push	bx
	fxsave	[before]
	mov	eax, cr0
	mov	[before_cr], eax
	mov	eax, cr4
	mov	[before_cr + 4], eax
	pushf
	pop	word [before_flags]
	pop	bx
	pop	eax
	mov	ebp, 0xb0b0b0b0
	mov	gs, [old_ss]
	ret
compare:				; bits: 1 FPU or SSE, 2 CR0, 4 CR4, 8 flags, 10h ebp, 20h gs, 40h the stack
	pushf
	pop	cx
	fxsave	[after]
	xor	cx, [before_flags]
	and	cx, 0x0600		; interrupt, direction
	jz	.flags
	or	word [changed], 8
.flags:	mov	eax, cr0
	cmp	eax, [before_cr]
	je	.cr0
	or	word [changed], 2
.cr0:	mov	eax, cr4
	cmp	eax, [before_cr + 4]
	je	.cr4
	or	word [changed], 4
.cr4:	push	es
	push	cs
	pop	es
	mov	si, before
	mov	di, after
	mov	cx, 288			; without what is reserved
	repe	cmpsb
	pop	es
	je	.fpu
	or	word [changed], 1
.fpu:	mov	ax, gs
	cmp	ax, [old_ss]
	je	.gs
	or	word [changed], 0x20
.gs:	cmp	byte [way], 2
	jae	.ebp			; that way uses it
	cmp	ebp, 0xb0b0b0b0
	je	.ebp
	or	word [changed], 0x10
.ebp:	ret

; -- the serial line ----------------------------------------------------------------------------------------
; All keep every register.
print:	push	ax
	push	si
.next:	lodsb
	test	al, al
	jz	.end
	call	put
	jmp	.next
.end:	pop	si
	pop	ax
	ret
; si: name, eax: far pointer, cx: bytes
print_far:
	call	print
	push	es
	push	di
	mov	di, ax
	push	eax
	shr	eax, 16
	mov	es, ax
	pop	eax
	call	bytes
	pop	di
	pop	es
	jmp	line
bytes:	jcxz	.end			; cx bytes at es:di
	push	ax
	push	cx
	push	di
.next:	mov	al, [es:di]
	call	hex8
	inc	di
	loop	.next
	pop	di
	pop	cx
	pop	ax
.end:	ret
hex32:	push	eax
	shr	eax, 16
	call	word16
	pop	eax
	call	word16
	jmp	space
space16:
	push	ax
	mov	al, ' '
	call	put
	pop	ax
	jmp	word16
hex16:	call	word16
space:	push	ax
	mov	al, ' '
	call	put
	pop	ax
	ret
word16:
	xchg	al, ah
	call	hex8
	xchg	al, ah
hex8:	push	ax
	shr	al, 4
	call	.digit
	pop	ax
	push	ax
	and	al, 15
	call	.digit
	pop	ax
	ret
.digit:	cmp	al, 10
	sbb	al, 0x69
	das
	jmp	put
line:	push	ax
	mov	al, 13
	call	put
	mov	al, 10
	call	put
	pop	ax
	ret
put:	push	dx
	push	ax
	mov	dx, COM1 + 5
.wait:	in	al, dx
	test	al, 0x20
	jz	.wait
	pop	ax
	mov	dx, COM1
	out	dx, al
	pop	dx
	ret

text_start:	db "START ", 0
text_env:	db "ENV ", 0
text_pxe:	db "PXE ", 0
text_1a:	db "INT1A ", 0
text_12:	db "INT12 ", 0
text_e820:	db "E820 ", 0
text_short:	db "E8SHORT ", 0
text_e801:	db "E801 ", 0
text_88:	db "INT88 ", 0
text_call:	db "CALL ", 0
text_kept:	db "KEPT ", 0
text_end:	db "END", 0

	align	8, db 0
gdt:	dq	0
	dq	0x00009a000000ffff	; code, 16-bit
	dq	0x000092000000ffff	; data
	times 7 dq 0x00009a000000ffff	; the API's: only its code is used
	dq	0x00cf92000000ffff	; stack, 32-bit
	dq	0x000092000000ffff	; and of 16 bits
gdtr:	dw	gdtr - gdt - 1
	dd	gdt
ways:	dw	by_pxe, by_env, by_pm16, by_pm32
changed:	dw 0

%macro call_ 7+				; name, opcode, way, where, show, size, parameters
	db %1, 0
	dw %2
	db %3, %4
	dw %5, %6
%%at:	%7
	times %6 - ($ - %%at) db 0
%endmacro
NONE		equ 0xff

calls:
%include "calls.inc"
%ifdef IO
%include "io.inc"
%endif
	db 0

	align	16, db 0
before	equ ($ - $$ + 0x7c00 + 15) & ~15
after	equ before + 512
params	equ after + 512
buffer	equ params + 512		; 2 KiB for what calls are to fill
env	equ buffer + 2048
bang	equ env + 4
old_sp	equ bang + 4
old_ss	equ old_sp + 2
opcode	equ old_ss + 2
way	equ opcode + 2
where	equ way + 1
show	equ where + 1
size	equ show + 2
result	equ size + 2
entry	equ result + 2
pm_stack	equ entry + 4
real_ss	equ pm_stack + 2
before_cr	equ real_ss + 2
before_flags	equ before_cr + 8
gdtr_now	equ before_flags + 2
