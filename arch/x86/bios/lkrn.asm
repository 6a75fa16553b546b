; SPDX-License-Identifier: BSD-2-Clause
;
; The kernel prefix: makes the payload look like a Linux bzImage, so that QEMU -kernel, GRUB, SYSLINUX and every
; other Linux loader can start it. Real-mode header and setup of the Linux/x86 boot protocol 2.10; the 32-bit
; entry, used directly by some loaders, is the stub itself at 1 MiB. util/romtool fills in the sizes.

%include "handover.inc"

	bits	16
	org	0

SETUP_SECTS	equ 3
PARAMS		equ 0x3000		; handover page: offset in the setup segment, below the heap the protocol grants

	; Started as a boot sector by mistake.
	jmp	0x07c0:.here
.here:	push	cs
	pop	ds
	mov	si, .message
	cld
	call	print
.stop:	int	0x18
	jmp	.stop
.message: db	"Reveille: start this with a Linux boot loader", 13, 10, 0

	times 0x1f1 - ($ - $$) db 0
	db	SETUP_SECTS
	dw	0			; root flags
syssize: dd	0			; payload in 16 bytes: romtool
	dw	0			; ram size
	dw	0xffff			; video mode: normal
	dw	0			; root device
	dw	0xaa55
	db	0xeb, start - header	; 0x200: jump
header:	db	"HdrS"
	dw	0x020a
	dd	0			; real-mode switch hook
	dw	0			; start_sys
	dw	version - 0x200
loader:	db	0
	db	0x01			; LOADED_HIGH
	dw	0
	dd	0x100000		; code32_start
	dd	0			; ramdisk image, size
	dd	0
	dd	0
	dw	0x8f00			; heap end
	db	0, 0
	dd	0			; command line
	dd	0x7fffffff		; initrd_addr_max
	dd	16			; kernel_alignment
	db	0			; not relocatable: the loader puts us at 1 MiB
	db	4
	dw	0
	dd	2047			; cmdline_size
	dd	0, 0, 0			; hardware_subarch and its data
	dd	0, 0			; payload offset, length: not for us
	dq	0			; setup_data
	dq	0x100000		; pref_address
init_size: dd	0x100000		; payload and room: romtool

start:	; cs = setup segment + 20h; ds = es = setup segment
	push	ds
	push	word .far
	retf
.far:	cld
	mov	ax, ds
	add	ax, PARAMS >> 4
	mov	es, ax
	xor	di, di
	xor	eax, eax
	mov	cx, BP_SIZE / 4
	rep	stosd
	mov	si, BP_HEADER
	mov	di, si
	mov	cx, BP_HEADER_END - BP_HEADER
	rep	movsb
	mov	dword [es:HO_MAGIC], HANDOVER_MAGIC
	mov	word [es:HO_ORIGIN], ORIGIN_KERNEL
	call	read_memory_map
	call	enable_a20
	mov	ebx, 0x100000
	jmp	enter_stub

version: db	"Reveille", 0

%include "prefix.inc"

	times (SETUP_SECTS + 1) * 512 - ($ - $$) db 0
