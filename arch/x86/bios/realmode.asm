; SPDX-License-Identifier: BSD-2-Clause
;
; The real-mode half: a block of base memory with what must run below 1 MiB. entry.asm carries it, realmode.c
; copies it to the top of base memory and fills in the addresses; the layout at its start is struct rm_block in
; realmode.h.
;
; rm_call() in entry.asm comes in at `enter` in 16-bit protected mode (CS = SEL_CODE16, base = this block), and
; leaves from `back` to the 32-bit address in back_eip.

%include "handover.inc"

	bits	16
	org	0

SEL_CODE16	equ 0x20
SEL_DATA16	equ 0x28

block:
; -- filled in by realmode.c
gdtr:		dw 0			; limit, linear base of entry.asm's GDT
		dd 0
		dw 0
real_far:	dw real			; far address of real mode's first instruction
real_seg:	dw 0			; this block's segment
back_eip:	dd 0
vector:		dw 0, 0			; far address to call as an interrupt handler
; -- registers for the call, and after it
r_eax:		dd 0
r_ebx:		dd 0
r_ecx:		dd 0
r_edx:		dd 0
r_esi:		dd 0
r_edi:		dd 0
r_ebp:		dd 0
r_ds:		dw 0
r_es:		dw 0
r_flags:	dw 0
		dw 0
; -- offsets of the routines below, for use as `vector`
		dw enter
		dw poll_keys
		dw idle
		dw put_text
		dw leave_to
		dw nbp			; struct rm_nbp
; -- parameters of leave_to
leave_esp:	dd 0
leave_ss:	dw 0
leave_ax:	dw 0
; -- text for put_text
text_len:	dw 0
		dw 0
text:		times 256 db 0

%if text - block != 80
%error "struct rm_block in realmode.h has another layout"
%endif

idtr:		dw 0x3ff
		dd 0

enter:	; 16-bit protected mode, interrupts off
	mov	ax, SEL_DATA16
	mov	ds, ax
	mov	ss, ax
	mov	es, ax
	mov	fs, ax
	mov	gs, ax
	o32 lidt [idtr]
	mov	eax, cr0
	and	al, ~1
	mov	cr0, eax
	jmp	far [real_far]
real:	mov	ax, cs
	mov	ds, ax
	mov	ss, ax
	movzx	esp, word [stack]	; all of it: a BIOS with 32-bit parts uses it so
	xor	ax, ax
	mov	fs, ax
	mov	gs, ax
	mov	ebx, [r_ebx]
	mov	ecx, [r_ecx]
	mov	edx, [r_edx]
	mov	esi, [r_esi]
	mov	edi, [r_edi]
	mov	ebp, [r_ebp]
	mov	eax, [r_eax]
	mov	es, [r_es]
	push	word 0x0202		; flags the handler returns with: interrupts on
	push	cs
	push	word .ret
	push	word [vector + 2]
	push	word [vector]
	mov	ds, [r_ds]
	retf				; "int": flags and return address are on the stack
.ret:	pushf
	cli
	cld
	mov	[cs:r_eax], eax
	mov	[cs:r_ebx], ebx
	mov	[cs:r_ecx], ecx
	mov	[cs:r_edx], edx
	mov	[cs:r_esi], esi
	mov	[cs:r_edi], edi
	mov	[cs:r_ebp], ebp
	mov	[cs:r_ds], ds
	mov	[cs:r_es], es
	pop	word [cs:r_flags]
	mov	ax, cs
	mov	ds, ax
	o32 lgdt [gdtr]			; the BIOS may have loaded its own
	mov	ebx, [back_eip]
	mov	eax, cr0
	or	al, 1
	mov	cr0, eax
	push	dword SEL_CODE32
	push	ebx
	o32 retf

; -- routines called through `vector`; they end with iret ---------------------------------------------------
; Lets pending interrupts in, then takes a key if there is one: ax = scan code and character, 0 for none.
poll_keys:
	sti
	nop
	mov	ah, 0x11
	int	0x16
	jz	.none
	mov	ah, 0x10
	int	0x16
	iret
.none:	xor	ax, ax
	iret

; Sleeps until an interrupt. In a network boot program's call none may come: its interrupts are its own affair.
idle:	sti
	cmp	byte [cs:busy], 0
	jne	.end
	hlt
.end:	iret

; Writes text_len characters of text to the screen.
put_text:
	push	cs
	pop	ds
	mov	si, text
	mov	cx, [text_len]
	jcxz	.end
.next:	lodsb
	push	cx
	push	si
	mov	ah, 0x0e
	mov	bx, 7
	int	0x10
	pop	si
	pop	cx
	loop	.next
.end:	iret

; Leaves for good: takes all registers but AX, and a far return address from stack leave_ss:leave_esp.
leave_to:
	mov	ss, [cs:leave_ss]
	mov	esp, [cs:leave_esp]
	pop_all
	mov	ax, [cs:leave_ax]
	retf

%include "nbp_run.inc"

; -- behind what entry.asm carries; realmode.h has the same numbers ------------------------------------------
	align	16, db 0
end:
map_at		equ 7680		; rows of int 15h E820, 132 of them; below lies struct pxe_base
nbp_stack	equ 12800		; top of a network boot program's stack, 2480 bytes
stack_top	equ 18432		; the block is padded to this by realmode.c

%if end - block > 1728
%error "the code reaches into struct pxe_base"
%endif
