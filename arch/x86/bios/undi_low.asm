; SPDX-License-Identifier: BSD-2-Clause
;
; What of the UNDI driver has to run in real mode: a call of the PXE ROM's API, and the handler of its card's
; interrupt (PXE 2.1, 4.3.14). pxe_rom.c copies it to base memory; struct pxe_low in pxe_rom.h is how it begins.
; The routines are called by rm_far() and end with iret.

	bits	16
	section .rodata
	global	undi_low
	global	undi_low_end

%define AT(label) (label - undi_low)
ISR		equ 0x14		; PXENV_UNDI_ISR
ISR_START	equ 1
ISR_OURS	equ 0

undi_low:
	dw	AT(call_rom)
	dw	AT(window)
	dw	AT(handler)
	dw	0
entry:	dd	0			; of the ROM's API
old:	dd	0			; handler of the interrupt before us
pic:	dw	0			; port of the mask that has the card's line
bit:	db	0			; and the line's bit in it
seen:	db	0			; the card has interrupted
start:	times 18 db 0			; parameters of the handler's own call
params:	times 166 db 0
%if AT($) != 204
%error "struct pxe_low in pxe_rom.h has another layout"
%endif

; bx = opcode, es:di = parameters: where PXENV+ wants them, and on the stack for !PXE.
call_rom:
	push	es
	push	di
	push	bx
	sti
	call	far [cs:AT(entry)]
	cli
	add	sp, 6
	iret

; Lets the card interrupt if it wants to; al = whether it has. At all other times its line is masked, so that
; nobody comes in while the ROM is at work.
window:	mov	dx, [cs:AT(pic)]
	in	al, dx
	mov	ah, [cs:AT(bit)]
	not	ah
	and	al, ah
	out	dx, al
	sti
	in	al, dx			; a pending interrupt takes a moment from the PIC to the CPU
	in	al, dx
	cli
	in	al, dx
	or	al, [cs:AT(bit)]
	out	dx, al
	xor	ax, ax
	xchg	al, [cs:AT(seen)]
	iret

; UNDI_ISR START says whether it was our card and quiets it. The line stays masked until the next window in any case:
; a card that is not quiet, or another device on the line that nobody quiets, would keep us here for ever.
handler:
	pushad
	push	ds
	push	es
	cld
	push	cs
	pop	ds
	push	cs
	pop	es
	mov	word [AT(start) + 2], ISR_START
	mov	di, AT(start)
	mov	bx, ISR
	push	es
	push	di
	push	bx
	call	far [AT(entry)]
	add	sp, 6
	mov	bx, ax
	mov	dx, [cs:AT(pic)]
	in	al, dx
	or	al, [cs:AT(bit)]
	out	dx, al
	test	bx, bx
	jnz	.other
	cmp	word [cs:AT(start) + 2], ISR_OURS
	jne	.other
	mov	byte [cs:AT(seen)], 1
	mov	al, 0x20		; end of interrupt, the slave's first
	cmp	dl, 0xa1
	jne	.master
	out	0xa0, al
.master:
	out	0x20, al
	pop	es
	pop	ds
	popad
	iret
.other:	pop	es
	pop	ds
	popad
	jmp	far [cs:AT(old)]

undi_low_end:
