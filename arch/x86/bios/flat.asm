; SPDX-License-Identifier: BSD-2-Clause
;
; The prefix of images that lie whole at 0000:7C00: reveille.pxe and .kpxe, which a PXE ROM has loaded as its network
; boot program, and the boot image of reveille.iso and .usb, of which only these FLAT_SIZE bytes have been loaded:
; the rest is read here, through the int 13h extensions (Enhanced Disk Drive 3.0).
;
; How we were entered:
;	a PXE ROM (PXE 2.1, 4.4.5)	far call; ES:BX = PXENV+, !PXE at SS:SP+4
;	a CD (El Torito 1.0, 2.2)	DL = drive; the ISO image's maker has filled in `file_lba`
;	our mbr.asm			the same, and ECX = DISK_MAGIC, EBX = our first sector, of 512 bytes
; Only PXE's stack is kept: only a PXE ROM is gone back to.
;
; Needs base memory up to 256 KiB. util/romtool fills in the size.

%include "handover.inc"
%include "flat.inc"

	bits	16
	org	0x7c00

PARAMS		equ 0x2200		; segment of the handover page: behind the largest image
CD_SECTOR	equ 2048
CHUNK		equ 16			; sectors of 2 KiB that are read at once

flat:	jmp	short entry
	times 8 - ($ - $$) db 0
; El Torito's boot information table, as ISO 9660 image makers fill it in.
pvd_lba: dd	0
file_lba: dd	0
file_len: dd	0
	times 64 - ($ - $$) db 0
	db	"RVLF"			; for util/romtool
size:	dd	0			; of the whole image, a multiple of CD_SECTOR

entry:	jmp	0:.here
.here:	push_all
	cld
	xor	ax, ax
	mov	ds, ax
	mov	bp, sp
	mov	di, ORIGIN_DISK
	cmp	ecx, DISK_MAGIC
	je	.disk
	mov	ebx, [file_lba]
	test	ebx, ebx
	jnz	.cd
	mov	di, ORIGIN_PXE
	jmp	start
.disk:	mov	byte [shift], 2		; four sectors of 512 bytes are one of a CD
; A BIOS may enter us on a stack that lies where the rest of us will.
.cd:	mov	ss, ax
	mov	esp, flat
	mov	[drive], dl
	mov	cl, [shift]
	mov	eax, FLAT_SIZE / CD_SECTOR
	shl	eax, cl
	add	ebx, eax
	mov	[packet.lba], ebx
	mov	eax, [size]
	shr	eax, 11
	sub	ax, FLAT_SIZE / CD_SECTOR
	mov	[left], ax
.next:	mov	ax, [left]
	test	ax, ax
	jz	start
	cmp	ax, CHUNK
	jbe	.some
	mov	ax, CHUNK
.some:	sub	[left], ax
	mov	bx, ax
	mov	cl, [shift]
	shl	bx, cl
	mov	byte [tries], 3
.again:	mov	[packet.count], bx	; the BIOS may have changed it
	pusha
	push	ds
	mov	ah, 0x42
	mov	dl, [drive]
	mov	si, packet
	int	0x13
	pop	ds
	popa
	jnc	.read
	dec	byte [tries]
	jnz	.again
	mov	si, msg_read
	jmp	fail
.read:	movzx	ebx, bx
	add	[packet.lba], ebx
	shl	ax, 7			; paragraphs
	add	[packet.segment], ax
	jmp	.next

; di = ORIGIN_..., bp = what push_all has pushed
start:	push	di
	mov	ax, PARAMS
	mov	es, ax
	xor	di, di
	xor	eax, eax
	mov	cx, BP_SIZE / 4
	rep	stosd
	pop	di
	mov	dword [es:HO_MAGIC], HANDOVER_MAGIC
	mov	[es:HO_ORIGIN], di
	mov	[es:HO_RET_ESP], esp
	mov	[es:HO_RET_SS], ss
	mov	ax, [bp + PUSHED_BX]
	mov	[es:HO_PXENV], ax
	mov	ax, [bp + PUSHED_ES]
	mov	[es:HO_PXENV + 2], ax
	mov	eax, [bp + PUSHED + 4]
	mov	[es:HO_BANGPXE], eax
	call	read_memory_map
	call	enable_a20
	mov	si, msg_a20
	jc	fail
	mov	ebx, flat + FLAT_SIZE
	jmp	enter_stub

; Says what is at ds:si and goes back: a PXE ROM is told that it did not work.
fail:	call	print
	cmp	byte [drive], 0
	jne	.disk
	pop_all
	mov	ax, 1
	retf
.disk:	int	0x18
	jmp	.disk

msg_read: db	13, 10, "Reveille: cannot read the boot medium", 13, 10, 0
msg_a20: db	13, 10, "Reveille: cannot open address line 20", 13, 10, 0

drive:	db	0			; 0: loaded by PXE; a drive with the extensions is 80h or above
shift:	db	0			; of sectors of a CD to sectors of the drive
left:	dw	0			; sectors of a CD still to read
tries:	db	0

	align	4, db 0
packet:	db	16, 0
.count:	dw	0
	dw	0			; where to: offset, segment
.segment: dw	(0x7c00 + FLAT_SIZE) >> 4
.lba:	dq	0

%include "prefix.inc"

	times FLAT_SIZE - ($ - $$) db 0	; the payload begins here
