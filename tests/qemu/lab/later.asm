; SPDX-License-Identifier: BSD-2-Clause
;
; Boot sector of a disk that is booted while a PXE stack stays in memory. It finds the stack by int 1Ah, sends it away
; by UNLOAD_STACK and STOP_UNDI, and says on COM1, in hexadecimal: LATER, the two calls' AX, KiB of base memory before
; and after them, CR4. Then it sleeps.

	bits	16
	org	0x7c00

	xor	ax, ax
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	mov	sp, 0x7c00
	sti
	cld
	mov	si, text
.text:	lodsb
	call	put
	test	al, al
	jnz	.text
	mov	dx, [0x413]
	push	dx
	mov	ax, 0x5650
	int	0x1a
	mov	eax, [es:bx + 0x0a]
	mov	[entry], eax
	push	ds
	pop	es
	mov	bx, 0x70
	call	api
	mov	bx, 0x15
	call	api
	pop	dx
	call	number
	mov	dx, [0x413]
	call	number
	mov	edx, cr4
	call	number
	mov	al, 10
	call	put
.sleep:	hlt
	jmp	.sleep

api:	mov	di, params
	call	far [entry]
	mov	dx, ax
number:	mov	al, ' '
	call	put
	mov	cx, 4
.digit:	rol	dx, 4
	mov	al, dl
	and	al, 15
	cmp	al, 10
	sbb	al, 0x69		; 0..15 to ASCII
	das
	call	put
	loop	.digit
	ret

put:	push	dx
	mov	ah, al
	mov	dx, 0x3f8 + 5
.busy:	in	al, dx
	test	al, 0x20
	jz	.busy
	mov	al, ah
	mov	dx, 0x3f8
	out	dx, al
	pop	dx
	ret

text:	db	13, 10, "LATER", 0
entry:	dd	0
params:	times 16 db 0
	times 510 - ($ - $$) db 0
	dw	0xaa55
