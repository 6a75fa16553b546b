; SPDX-License-Identifier: BSD-2-Clause
;
; First instruction of the unpacked firmware, the segment descriptors it runs with, and the way into real mode
; and back. The stub has put us somewhere at the top of memory and relocated us.

	bits	32

SEL_CODE32	equ 0x10
SEL_DATA32	equ 0x18
SEL_CODE16	equ 0x20
SEL_DATA16	equ 0x28

	section .text.entry exec
	global	start
	extern	bios_main
start:	cli
	cld
	mov	esp, stack_end
	lgdt	[gdt_pointer]
	jmp	SEL_CODE32:.flat
.flat:	mov	ax, SEL_DATA32
	mov	ds, ax
	mov	es, ax
	mov	fs, ax
	mov	gs, ax
	mov	ss, ax
	mov	eax, esi		; boot_params
	call	bios_main
.stop:	hlt
	jmp	.stop

; void rm_switch(uint32_t enter_offset): runs what the block in base memory has in `vector`. regparm. While a network
; boot program runs, it is called again from nbp_call(), further down the stack.
	global	rm_switch
	global	rm_back
rm_switch:
	push	ebx
	push	esi
	push	edi
	push	ebp
	push	dword [saved_esp]
	mov	[saved_esp], esp
	push	dword SEL_CODE16
	push	eax
	retf
rm_back:				; from the block, still on its stack
	call	.flat
	pop	dword [saved_esp]
	pop	ebp
	pop	edi
	pop	esi
	pop	ebx
	ret
; Our data segments, and the stack that the last rm_switch() has left.
.flat:	pop	ecx
	mov	ax, SEL_DATA32
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	mov	fs, ax
	mov	gs, ax
	mov	esp, [saved_esp]
	jmp	ecx

; From an entry in nbp_run.inc, on the caller's stack, and back into the block.
	global	nbp_enter
	extern	nbp_call
nbp_enter:
	call	rm_back.flat
	call	nbp_call		; eax: where to go on
	push	dword SEL_CODE16
	push	eax
	retf

; void enter_kernel(uint32_t entry, uint32_t params, const void *gdtr): the Linux/x86 32-bit boot protocol.
	global	enter_kernel
enter_kernel:
	cli
	mov	edi, eax
	mov	esi, edx
	lgdt	[ecx]
	mov	ax, SEL_DATA32
	mov	ds, ax
	mov	es, ax
	mov	fs, ax
	mov	gs, ax
	mov	ss, ax
	lea	esp, [esi + 0x1000]	; the protocol wants none; the page after boot_params has room
	push	dword SEL_CODE32
	push	edi
	xor	ebx, ebx
	xor	ebp, ebp
	xor	edi, edi
	retf

	section .rodata
	global	rm_image
	global	rm_image_end
rm_image:	incbin "realmode.bin"
rm_image_end:

	section .data
	align	8
	global	gdt
gdt:	dq	0
	dq	0
	dq	0x00cf9a000000ffff	; 10h code, flat
	dq	0x00cf92000000ffff	; 18h data, flat
	dq	0x00009a000000ffff	; 20h 16-bit code, base filled in by realmode.c
	dq	0x000092000000ffff	; 28h 16-bit data, likewise
gdt_end:
	global	gdt_pointer
gdt_pointer:
	dw	gdt_end - gdt - 1
	dd	gdt

	section .bss nobits
	alignb	16
saved_esp: resd 1
	global	stack_start
stack_start: resb 32768
stack_end:
