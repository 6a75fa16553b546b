; SPDX-License-Identifier: BSD-2-Clause
;
; The boot sector of reveille.usb and, when it starts as a disk, of reveille.iso: loads the first FLAT_SIZE bytes of
; the flat image and enters it, which loads the rest. Where that image is: IMAGE_LBA of a raw disk; without it, the
; disk is an ISO 9660 volume and El Torito's catalog names it (El Torito 1.0, 2.0 and 2.1).
;
; Needs a BIOS with the int 13h extensions (Enhanced Disk Drive 3.0) and that it hands on the drive in DL. No more than
; 440 bytes: behind them lie a signature and the partition table.

%include "flat.inc"

	bits	16
	org	0x0600

BUFFER		equ 0x0800		; 2 KiB: a sector of a CD
CD_LBA		equ 4			; sectors of 512 bytes in it
RECORD		equ 17			; where the boot record volume descriptor is, in sectors of a CD
CATALOG		equ 0x47		; in that: the boot catalog's sector
ENTRY_BOOTABLE	equ 0x20		; in the catalog: first byte of the default entry
ENTRY_LBA	equ 0x28		; and where its image is

mbr:	xor	ax, ax
	cli
	mov	ss, ax
	mov	sp, 0x7c00
	sti
	mov	ds, ax
	mov	es, ax
	cld
	mov	si, sp
	mov	di, mbr
	mov	cx, 256
	rep	movsw
	jmp	0:.here
.here:
%ifdef IMAGE_LBA
	mov	ebx, IMAGE_LBA
%else
	mov	ebx, RECORD * CD_LBA
	mov	cx, BUFFER >> 4
	call	read
	mov	si, name
	mov	di, BUFFER
	mov	cx, name_end - name
	repe	cmpsb
	jne	fail
	mov	ebx, [BUFFER + CATALOG]
	shl	ebx, 2
	mov	cx, BUFFER >> 4
	call	read
	cmp	byte [BUFFER + ENTRY_BOOTABLE], 0x88
	jne	fail
	mov	ebx, [BUFFER + ENTRY_LBA]
	shl	ebx, 2
%endif
	mov	cx, 0x7c00 >> 4
	call	read
	mov	ecx, DISK_MAGIC
	jmp	0:0x7c00

; Reads FLAT_SIZE bytes from sector ebx of drive dl to segment cx.
read:	mov	[packet.segment], cx
	mov	[packet.lba], ebx
	mov	cx, 3			; tries
.again:	pusha
	mov	word [packet.count], FLAT_SIZE / 512
	mov	ah, 0x42
	mov	si, packet
	int	0x13
	popa
	jnc	.read
	loop	.again
	jmp	fail
.read:	ret

fail:	mov	si, message
.next:	lodsb
	test	al, al
	jz	.end
	mov	ah, 0x0e
	mov	bx, 7
	int	0x10
	jmp	.next
.end:	int	0x18			; the next boot device
	jmp	.end

%ifndef IMAGE_LBA
name:	db	0, "CD001", 1, "EL TORITO SPECIFICATION"
name_end:
%endif
message: db	13, 10, "Reveille: cannot read the boot medium", 13, 10, 0

	align	4, db 0
packet:	db	16, 0
.count:	dw	0
	dw	0
.segment: dw	0
.lba:	dq	0

%if $ - mbr > 440
%error "the code reaches into the partition table"
%endif
	times	510 - ($ - $$) db 0
	dw	0xaa55
