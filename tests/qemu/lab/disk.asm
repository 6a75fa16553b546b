; SPDX-License-Identifier: BSD-2-Clause
;
; Boot sector of the lab's disk: the BIOS's next boot device. It says DISK-BOOTED on COM1 and on the screen,
; and how much conventional memory the BIOS data area counts (40:13, in KiB, hexadecimal), then sleeps.

	bits 16
	org 0x7c00

	cli
	xor ax, ax
	mov ds, ax
	mov ss, ax
	mov sp, 0x7c00
	sti
	cld
	mov di, serial
	call say
	mov di, screen		; whole, and after the serial line: the BIOS may copy one to the other
	call say
.sleep:
	hlt
	jmp .sleep

; The line, a character at a time through [di].
say:
	mov si, text
.text:
	lodsb
	test al, al
	jz .number
	call di
	jmp .text
.number:
	mov dx, [0x413]
	mov cx, 4
.digit:
	rol dx, 4
	mov al, dl
	and al, 15
	cmp al, 10
	sbb al, 0x69		; 0..15 to ASCII
	das
	call di
	loop .digit
	mov al, 10
	jmp di

serial:
	push dx
	mov ah, al
	mov dx, 0x3f8 + 5
.busy:
	in al, dx
	test al, 0x20
	jz .busy
	mov al, ah
	mov dx, 0x3f8
	out dx, al
	pop dx
	ret

screen:
	pusha
	mov ah, 0x0e
	mov bx, 7
	int 0x10
	popa
	ret

text	db 13, 10, 'DISK-BOOTED base memory ', 0
	times 510 - ($ - $$) db 0
	dw 0xaa55
