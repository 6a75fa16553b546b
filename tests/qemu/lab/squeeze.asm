; SPDX-License-Identifier: BSD-2-Clause
;
; In front of a network boot program: base memory ends lower (BDA 40:13), as behind a PXE ROM or a BIOS that takes more
; of it; then that program is entered as we were. squeezed() of media.py fills in the numbers.

	bits	16
	org	0x7c00

MOVER		equ 0x0600

start:	jmp	short entry
kib:	dw	0			; of base memory
blocks:	dw	0			; of 512 bytes, behind us

entry:	pushad
	push	ds
	push	es
	xor	ax, ax
	mov	ds, ax
	mov	es, ax
	cld
	mov	ax, [kib]
	mov	[0x413], ax
	mov	bx, [blocks]
	mov	si, mover
	mov	di, MOVER
	mov	cx, end - mover
	rep	movsb
	mov	ax, 0x7c0
	mov	es, ax
	add	ax, 512 / 16
	mov	ds, ax
	jmp	0:MOVER

mover:	xor	si, si
	xor	di, di
	mov	cx, 512
	rep	movsb
	mov	ax, ds			; the block that is read is the next to be written
	mov	es, ax
	add	ax, 512 / 16
	mov	ds, ax
	dec	bx
	jnz	mover
	pop	es
	pop	ds
	popad
	jmp	0:0x7c00
end:

	times	512 - ($ - $$) db 0
