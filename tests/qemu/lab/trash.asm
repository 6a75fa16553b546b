; SPDX-License-Identifier: BSD-2-Clause
;
; Boot sector of a disk that fails to boot, but not before it has overwritten the memory that the BIOS's memory
; manager lent to option ROMs until boot: the top of RAM below TOP. Then it passes control on (int 18h).

	bits 16
	org 0x7c00

TOP	equ 0x1efe0000		; in a machine with 512 MiB, where SeaBIOS has its temporary memory below
SIZE	equ 0x00fe0000

	cli
	xor ax, ax
	mov ds, ax
	mov ss, ax
	mov sp, 0x7c00
	cld
	lgdt [gdt_pointer]
	mov eax, cr0
	or al, 1
	mov cr0, eax
	jmp short .pm
.pm:	mov bx, 8
	mov es, bx		; a limit of 4 GiB that stays
	and al, ~1
	mov cr0, eax
	jmp short .rm
.rm:	xor ax, ax
	mov es, ax
	mov edi, TOP - SIZE
	mov ecx, SIZE / 4
	mov eax, 0x5a5a5a5a
.fill:	mov [es:edi], eax
	add edi, 4
	dec ecx
	jnz .fill
	sti
	mov si, text
.next:	lodsb
	test al, al
	jz .end
	mov dx, 0x3f8
	out dx, al
	jmp .next
.end:	int 0x18

text	db 13, 10, 'MEMORY-OVERWRITTEN', 13, 10, 0
	align 8
gdt:	dq 0
	dq 0x00cf92000000ffff
gdt_pointer:
	dw 15
	dd gdt
	times 510 - ($ - $$) db 0
	dw 0xaa55
