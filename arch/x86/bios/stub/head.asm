; SPDX-License-Identifier: BSD-2-Clause
;
; First 32-bit instruction of the payload, at any address, with the state that the Linux/x86 boot protocol's
; 32-bit entry promises: flat CS 10h and DS 18h, interrupts off, esi = boot_params. Position-independent.

	bits	32
	section .head
	global	head
	extern	stub_main

head:	cli
	cld
	mov	ax, 0x18
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	mov	esp, 0x7c00		; below the boot sector's place: free in every BIOS boot
	call	.here
.here:	pop	edx
	sub	edx, .here - head	; where we are
	mov	eax, esi
	push	esi
	call	stub_main		; regparm: eax = boot_params, edx = start of the payload
	pop	esi
	test	eax, eax
	jz	.stop
	jmp	eax
.stop:	hlt				; no memory: nothing can be printed without a BIOS call
	jmp	.stop
