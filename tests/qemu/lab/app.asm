; SPDX-License-Identifier: BSD-2-Clause
;
; A UEFI application for x86-64: prints its load options and goes back, with success, or with EFI_ABORTED when they
; begin with "fail". UEFI 2.3.4 (calls), 9.1 (EFI_LOADED_IMAGE_PROTOCOL); Microsoft's PE format for the headers.

bits 64
default rel

PAGE	equ 0x1000		; alignment of sections in memory
SECTOR	equ 0x200		; and in the file
ABORTED	equ 0x8000000000000015

	org 0
mz:	db 'MZ'
	times 0x3c - ($ - $$) db 0
	dd pe
pe:	db 'PE', 0, 0
	dw 0x8664, 1		; x86-64, one section
	dd 0, 0, 0
	dw sections - optional, 0x22	; executable, large addresses
optional:
	dw 0x20b, 0		; PE32+
	dd SECTOR, 0, 0, PAGE, PAGE	; size of code, data, bss; entry, base of code
	dq 0
	dd PAGE, SECTOR
	dw 0, 0, 0, 0, 0, 0
	dd 0, 2 * PAGE, SECTOR, 0	; size of the image, of the headers
	dw 10, 0x100		; EFI application, NX_COMPAT
	dq 0, 0, 0, 0
	dd 0, 6
	times 6 dq 0		; directories
sections:
	db '.text', 0, 0, 0
	dd SECTOR, PAGE, SECTOR, SECTOR, 0, 0, 0
	dd 0x60000020		; code, execute, read
	times SECTOR - ($ - $$) db 0

code:
entry:	push rbx
	push rsi
	push rdi
	sub rsp, 0x30
	mov rbx, rdx		; system table
	mov rax, [rbx + 0x60]	; boot services
	lea rdx, [loaded_guid]
	lea r8, [rsp + 0x28]
	call [rax + 0x98]	; HandleProtocol(image, guid, &interface)
	mov rsi, [rsp + 0x28]
	lea rdx, [started]
	call print
	xor edi, edi		; success
	mov rdx, [rsi + 0x38]	; load options
	test rdx, rdx
	jz .end
	cmp dword [rsi + 0x30], 10	; bytes of them
	jb .print
	mov rax, 'f' | 'a' << 16 | 'i' << 32 | 'l' << 48
	cmp rax, [rdx]
	jne .print
	mov rdi, ABORTED
.print:	call print
.end:	lea rdx, [ended]
	call print
	mov rax, rdi
	add rsp, 0x30
	pop rdi
	pop rsi
	pop rbx
	ret

; UTF-16 at rdx
print:	sub rsp, 0x28
	mov rcx, [rbx + 0x40]	; console
	call [rcx + 8]		; OutputString(console, text)
	add rsp, 0x28
	ret

align 8
loaded_guid:
	dd 0x5b1b31a1
	dw 0x9562, 0x11d2
	db 0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b
started: dw __utf16__ `APP-STARTED [`, 0
ended:	dw __utf16__ `]\r\n`, 0
	times 2 * SECTOR - ($ - $$) db 0
