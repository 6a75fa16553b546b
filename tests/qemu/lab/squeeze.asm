; SPDX-License-Identifier: BSD-2-Clause
;
; In front of a network boot program, to which it makes the ROM a worse one: base memory ends lower (BDA 40:13), as
; behind a PXE ROM or a BIOS that takes more of it, or there is no !PXE but only PXENV+ (PXE 2.1, 4.4.5), and says so
; on COM1. Then that program is entered as we were. squeezed() of media.py fills in the numbers.

	bits	16
	org	0x7c00

MOVER		equ 0x0600

start:	jmp	short entry
kib:	dw	0			; of base memory; 0: all there is
blocks:	dw	0			; of 512 bytes, behind us
hide:	dw	0			; 1: !PXE; 2: and PXENV+ is one of version 2.0, which has to be looked for

entry:	pushad
	push	ds
	push	es
	xor	ax, ax
	mov	ds, ax
	mov	es, ax
	cld
	mov	ax, [kib]
	test	ax, ax
	jz	.base
	mov	[0x413], ax
.base:	cmp	word [hide], 0
	je	.shown
	call	hide_pxe
.shown:	push	ds
	pop	es
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

; ss:bp is where `entry` has pushed to: es, ds, pushad, the return address, and the caller's pointer to !PXE.
SAVED_ES	equ 0
SAVED_BX	equ 4 + 16
BANGPXE		equ 4 + 32 + 4

hide_pxe:
	mov	bp, sp
	add	bp, 2
	mov	ax, 0x5650		; where PXENV+ is, in es:bx
	int	0x1a
	cmp	ax, 0x564e
	jne	.end
	cmp	dword [es:bx], 'PXEN'
	jne	.end
	push	es
	les	di, [es:bx + 0x28]
	xor	eax, eax
	cmp	dword [es:di], '!PXE'
	mov	[es:di], eax
	mov	[es:di + 0x10], eax	; its entry point
	pop	es
	jne	.end
	cmp	word [hide], 2
	jne	.say
	mov	[es:bx + 0x28], eax
	mov	word [es:bx + 6], 0x0200
	mov	byte [es:bx + 8], 0x28	; bytes: there was no pointer to !PXE
	mov	[es:bx + 9], al
	mov	cx, 0x28
	mov	di, bx
.sum:	sub	al, [es:di]
	inc	di
	loop	.sum
	mov	[es:bx + 9], al
	mov	word [bp + SAVED_ES], 0
	mov	word [bp + SAVED_BX], 0
	mov	dword [bp + BANGPXE], 0
.say:	mov	si, text
.next:	lodsb
	test	al, al
	jz	.end
	mov	dx, 0x3f8
	out	dx, al
	jmp	.next
.end:	ret
text:	db	"NO-BANGPXE", 13, 10, 0

	times	512 - ($ - $$) db 0
