; SPDX-License-Identifier: BSD-2-Clause
;
; The option ROM's resident part: PCI Firmware 3.0 and Plug and Play BIOS 1.0A headers, the init entry that the
; BIOS calls in POST, and the boot entry vector that it calls when our turn in the boot order has come.
;
; Init moves the payload (decompressor and compressed image) into memory above 1 MiB that the BIOS's POST Memory
; Manager (PMM 1.01) lends, and shrinks the ROM to RESIDENT bytes. PMM memory is only promised until boot, so the
; entry vector verifies the copy by its sum, and reads the payload again from the card's own ROM when it was
; overwritten. Without PMM the ROM stays whole and the payload is used where it is.
;
; Limits: BIOSes without the BIOS Boot Specification's BEV (before 1996) do not find us. util/romtool fills in
; sizes, IDs, the sum and the checksum.

%include "handover.inc"

	bits	16
	org	0

RESIDENT	equ 2048		; bytes that stay in the upper memory area
SCRATCH		equ 0x0800		; segment of the handover page while booting: 0x8000, free by then
NOTE		equ 0x4f0		; BIOS data area, for programs to leave messages to one another
NOTE_MAGIC	equ 0x7652
NOTE_TICKS	equ 18 * 60		; a minute: long enough for one round through the boot order
BIOS_TICKS	equ 0x46c
RELOAD_AT	equ 0x100000		; where a payload that had to be read again goes

rom:	dw	0xaa55
rom_size: db	0			; in 512 bytes
	jmp	near init
checksum: db	0
	db	0
; For util/romtool: where things are and what it filled in. Offsets are known to it.
	align 8, db 0
info:	db	"RVLE"
payload_off: dd	0			; from the start of the ROM
payload_len: dd	0
	times 0x18 - ($ - $$) db 0
	dw	pcir
	dw	pnp
payload_sum: dd	0

	align 4, db 0
pcir:	db	"PCIR"			; PCI Firmware 3.0, 5.1.2
	dw	0			; vendor
	dw	0			; device
	dw	0			; device list: none, SeaBIOS ignores it
	dw	pcir_end - pcir
	db	3			; structure revision
	db	0x00, 0x00, 0x02	; class: Ethernet controller
image_len: dw	0			; in 512 bytes
	dw	0x0001			; our revision
	db	0			; code type: x86 BIOS
	db	0x80			; last image
	dw	RESIDENT / 512		; maximum run-time size
	dw	0			; no configuration utility
	dw	0			; no DMTF CLP
pcir_end:

	align 16, db 0
pnp:	db	"$PnP"			; BIOS Boot Specification 1.01, appendix A
	db	1
	db	(pnp_end - pnp) / 16
	dw	0			; next header
	db	0
pnp_sum: db	0
	dd	0			; device ID
	dw	manufacturer
	dw	product
	db	0x02, 0x00, 0x00	; network controller, Ethernet
	db	0x64			; read cacheable, shadowable, initial program load device
	dw	0			; boot connection vector: none
	dw	0			; disconnect vector
	dw	bev
	dw	0
	dw	0			; static resources: none
pnp_end:

manufacturer: db "Reveille", 0
product: db	"Reveille (PCI 00:00.0)", 0
product_bus	equ product + 14
busdevfn: dw	0
pmm_addr: dd	0			; linear address of the payload's copy, 0 for none

; -- POST ---------------------------------------------------------------------------------------------------
; AX = bus/device/function. Runs in the shadow, still writable; returns AX = 0020h: an IPL device is attached
; (Plug and Play BIOS 1.0A, 3.3).
init:	pushad
	push	ds
	push	es
	push	fs
	push	gs
	cld
	push	cs
	pop	ds
	mov	[busdevfn], ax
	call	name_device
	call	find_pmm
	jc	.done			; no PMM: stay whole
	call	alloc_pmm
	jc	.done
	mov	[pmm_addr], eax
	mov	edi, eax
	call	unreal
	xor	esi, esi
	mov	si, cs
	shl	esi, 4
	add	esi, [payload_off]
	mov	ecx, [payload_len]
	shr	ecx, 2
	xor	ax, ax
	mov	es, ax
	mov	fs, ax
.copy:	mov	eax, [fs:esi]
	mov	[es:edi], eax
	add	esi, 4
	add	edi, 4
	dec	ecx
	jnz	.copy
	mov	byte [rom_size], RESIDENT / 512
	mov	word [image_len], RESIDENT / 512
.done:	call	fix_checksum
	pop	gs
	pop	fs
	pop	es
	pop	ds
	popad
	mov	ax, 0x20
	retf

; Puts bus:device.function into the product string, which boot menus show.
name_device:
	mov	al, [busdevfn + 1]
	mov	di, product_bus
	call	.hex8
	inc	di
	mov	al, [busdevfn]
	shr	al, 3
	call	.hex8
	inc	di
	mov	al, [busdevfn]
	and	al, 7
	jmp	.digit
.hex8:	push	ax
	shr	al, 4
	call	.digit
	pop	ax
	and	al, 15
.digit:	cmp	al, 10
	sbb	al, 0x69		; the old trick for a hex digit
	das
	mov	[di], al
	inc	di
	ret

; Makes the bytes of [0, rom_size * 512) sum to zero, and those of the PnP header.
fix_checksum:
	xor	al, al
	mov	[pnp_sum], al
	mov	si, pnp
	mov	cx, pnp_end - pnp
	call	sum8
	mov	[pnp_sum], al
	xor	ax, ax
	mov	[checksum], al
	mov	cl, [rom_size]
	xor	ch, ch
	xor	si, si
	mov	dx, cx
	xor	bl, bl
.block:	mov	cx, 512
	call	sum8
	add	bl, al
	test	si, si
	jz	.end			; 64 KiB: wrapped
	dec	dx
	jnz	.block
.end:	mov	[checksum], bl
	ret
; al = minus the sum of cx bytes from ds:si
sum8:	xor	ah, ah
.next:	lodsb
	sub	ah, al
	loop	.next
	mov	al, ah
	ret

; PMM entry point into [pmm_entry]; CF = 1 when there is none. PMM 1.01, 3.1: "$PMM" on a paragraph between
; E000:0 and F000:FFF0, structure sum zero.
find_pmm:
	mov	ax, 0xe000
.para:	mov	es, ax
	cmp	dword [es:0], 0x4d4d5024	; "$PMM"
	jne	.next
	push	ax
	movzx	cx, byte [es:5]
	xor	si, si
	xor	ah, ah
.sum:	es lodsb
	add	ah, al
	loop	.sum
	test	ah, ah
	pop	ax
	jnz	.next
	mov	eax, [es:7]
	mov	[pmm_entry], eax
	clc
	ret
.next:	inc	ax
	jnz	.para
	stc
	ret

; Asks PMM for payload_len bytes above 1 MiB (3.2.3); eax = linear address, or CF = 1.
alloc_pmm:
	push	word 0x0002		; flags: extended memory
	push	dword 0xffffffff	; anonymous
	mov	eax, [payload_len]
	add	eax, 15
	shr	eax, 4
	push	eax			; in paragraphs
	push	word 0			; pmmAllocate
	call	far [pmm_entry]
	add	sp, 12
	push	dx
	push	ax
	pop	eax
	test	eax, eax
	jz	.none
	cmp	eax, 0xffffffff
	je	.none
	cmp	eax, 0x100000
	jb	.none
	ret
.none:	stc
	ret

; Gives es and fs, when reloaded with 0, a limit of 4 GiB in real mode. Keeps the interrupt flag; destroys eax.
unreal:
	pushf
	cli
	push	ds
	push	es
	push	fs
	xor	eax, eax
	mov	ax, cs
	shl	eax, 4
	add	eax, gdt
	push	eax
	push	word gdt_end - gdt - 1
	mov	ax, sp			; the pointer is on the stack: a ROM may be read-only by now
	push	bp
	mov	bp, ax
	o32 lgdt [bp]
	pop	bp
	add	sp, 6
	mov	eax, cr0
	or	al, 1
	mov	cr0, eax
	jmp	short .pm
.pm:	mov	ax, SEL_DATA32
	mov	es, ax
	mov	fs, ax
	mov	eax, cr0
	and	al, ~1
	mov	cr0, eax
	jmp	short .rm
.rm:	pop	fs
	pop	es
	pop	ds
	popf
	ret

; -- boot ---------------------------------------------------------------------------------------------------
bev:	push_all
	cld
	push	cs
	pop	ds
	; Every Reveille ROM drives all links. When one has just failed on all of them it has left a note
	; (start.c), and trying again would only keep the BIOS's next device waiting.
	xor	ax, ax
	mov	fs, ax
	cmp	word [fs:NOTE], NOTE_MAGIC
	jne	.first
	mov	ax, [fs:BIOS_TICKS]
	sub	ax, [fs:NOTE + 2]
	cmp	ax, NOTE_TICKS
	mov	si, msg_tried
	jb	bev_fail
.first:
	mov	ax, SCRATCH
	mov	es, ax
	xor	di, di
	xor	eax, eax
	mov	cx, BP_SIZE / 4
	rep	stosd
	mov	dword [es:HO_MAGIC], HANDOVER_MAGIC
	mov	word [es:HO_ORIGIN], ORIGIN_ROM
	mov	ax, [busdevfn]
	mov	[es:HO_BUSDEVFN], ax
	mov	[es:HO_RET_ESP], esp
	mov	[es:HO_RET_SS], ss
	call	read_memory_map
	call	enable_a20
	mov	si, msg_a20
	jc	bev_fail
	mov	ebx, [pmm_addr]
	test	ebx, ebx
	jz	.whole
	call	verify
	jnc	.go
	call	reload
	mov	si, msg_reload
	jc	bev_fail
.go:	jmp	enter_stub
.whole:	xor	ebx, ebx
	mov	bx, cs
	shl	ebx, 4
	add	ebx, [payload_off]
	call	verify
	mov	si, msg_reload
	jnc	.go
bev_fail:
	call	print
	pop_all				; the next boot device gets its turn
	retf

; CF = 0 when the payload at linear ebx has the right sum. Destroys eax, ecx, edx, esi, fs.
verify:	call	unreal
	push	fs
	xor	ax, ax
	mov	fs, ax
	mov	esi, ebx
	mov	ecx, [payload_len]
	shr	ecx, 2
	xor	edx, edx
.next:	rol	edx, 1
	add	edx, [fs:esi]
	add	esi, 4
	dec	ecx
	jnz	.next
	pop	fs
	cmp	edx, [payload_sum]
	je	.good
	stc
	ret
.good:	clc
	ret

; Copies the payload from the card's expansion ROM to RELOAD_AT. ebx = RELOAD_AT, or CF = 1. The BIOS has left
; an address in the expansion ROM base register (PCI 3.0, 6.2.5.2); decoding is switched on only meanwhile.
reload:	call	unreal
	mov	al, 0x04		; command register: memory space must be on
	call	pci_address
	in	eax, dx
	push	eax
	or	al, 2
	out	dx, eax
	mov	al, 0x30
	call	pci_address
	in	eax, dx
	mov	ebp, eax
	and	eax, 0xfffff800
	jz	.none
	mov	esi, eax
	or	al, 1
	out	dx, eax
	push	es
	xor	ax, ax
	mov	es, ax
	mov	fs, ax
	cmp	word [fs:esi], 0xaa55
	jne	.off
	mov	ecx, [payload_off]
	add	esi, ecx
	mov	edi, RELOAD_AT
	mov	ecx, [payload_len]
	shr	ecx, 2
.copy:	mov	eax, [fs:esi]
	mov	[es:edi], eax
	add	esi, 4
	add	edi, 4
	dec	ecx
	jnz	.copy
.off:	pop	es
	mov	al, 0x30
	call	pci_address
	mov	eax, ebp
	out	dx, eax
.none:	mov	al, 0x04
	call	pci_address
	pop	eax
	out	dx, eax
	mov	ebx, RELOAD_AT
	jmp	verify
; Selects configuration register al of our card (PCI 3.0, 3.2.2.3.2); dx = data port. Destroys eax.
pci_address:
	movzx	ecx, al
	xor	eax, eax
	mov	ax, [busdevfn]
	shl	eax, 8
	or	eax, ecx
	or	eax, 0x80000000
	mov	dx, 0xcf8
	out	dx, eax
	mov	dx, 0xcfc
	ret

msg_tried: db	13, 10, "Reveille: all links were already tried by another ROM", 13, 10, 0
msg_a20: db	13, 10, "Reveille: cannot open address line 20", 13, 10, 0
msg_reload: db	13, 10, "Reveille: the image in memory was overwritten and the card's ROM cannot be read", 13, 10, 0

%include "prefix.inc"

	align 4, db 0
pmm_entry: dd	0
	times RESIDENT - ($ - $$) db 0	; the payload begins here
