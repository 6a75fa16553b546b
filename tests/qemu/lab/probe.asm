; SPDX-License-Identifier: BSD-2-Clause
;
; A Linux kernel of 2 KiB for the lab: a bzImage by the header's word (Linux Documentation/arch/x86/boot.rst,
; protocol 2.15), which on either entry says on COM1
;
;	PROBE entry=32 base=XXXXXXXX regs=XXXXXXXX
;
; (base: physical address of the setup header's page; regs: ebx | ebp | edi as they came, 32-bit entry only)
; and then waits, touching nothing, so that the lab can look at memory and registers through QEMU. A `q`
; on COM1 switches the machine off (PIIX4 at port 0x604).

COM1	equ 0x3f8

	bits 16
	org 0
	times 0x1f1 db 0

	db 1			; setup_sects: one sector after the boot sector
	dw 0			; root_flags
	dd (end - kernel) / 16	; syssize, the lab writes it anew when it makes the file larger
	dw 0, 0, 0		; ram_size, vid_mode, root_dev
	dw 0xaa55
	jmp short setup
	db 'HdrS'
	dw 0x020f		; version
	dd 0			; realmode_swtch
	dw 0x1000		; start_sys_seg
	dw name - 0x200		; kernel_version
	db 0			; type_of_loader
	db 1			; loadflags: LOADED_HIGH
	dw 0			; setup_move_size
	dd 0x100000		; code32_start
	dd 0, 0			; ramdisk_image, ramdisk_size
	dd 0			; bootsect_kludge
	dw 0			; heap_end_ptr
	db 0, 0			; ext_loader_ver, ext_loader_type
	dd 0			; cmd_line_ptr
	dd 0x7fffffff		; initrd_addr_max
	dd 0x200000		; kernel_alignment
	db 1, 21		; relocatable_kernel, min_alignment
	dw 0			; xloadflags
	dd 2047			; cmdline_size
	dd 0			; hardware_subarch
	dq 0			; hardware_subarch_data
	dd 0, 0			; payload_offset, payload_length
	dq 0			; setup_data
	dq 0x1000000		; pref_address
	dd 0x10000		; init_size
	dd 0			; handover_offset
	dd 0			; kernel_info_offset

; Real-mode entry: cs is 0x20 paragraphs above the header's page.
setup:
	cli
	mov ax, cs
	sub ax, 0x20
	movzx ebx, ax
	shl ebx, 4
	mov ds, ax
	mov si, text16
	call print16
	mov cx, 8
.digit:
	rol ebx, 4
	mov al, bl
	and al, 15
	cmp al, 10
	sbb al, 0x69		; the old trick: 0..15 to ASCII
	das
	call put16
	loop .digit
	mov al, 10
	call put16
.wait:
	mov dx, COM1 + 5
	in al, dx
	test al, 1
	jz .wait
	mov dx, COM1
	in al, dx
	cmp al, 'q'
	jne .wait
	mov dx, 0x604
	mov ax, 0x2000
	out dx, ax
	jmp .wait

print16:
	lodsb
	test al, al
	jz .done
	call put16
	jmp print16
.done:
	ret

put16:
	push ax
	mov dx, COM1 + 5
.busy:
	in al, dx
	test al, 0x20
	jz .busy
	pop ax
	mov dx, COM1
	out dx, al
	ret

text16	db 10, 'PROBE entry=16 base=', 0
name	db 'probe', 0
	times 0x400 - ($ - $$) db 0

; 32-bit entry: esi has boot_params; ebx, ebp and edi are to be zero. Position independent. There is no stack
; by the protocol: as Linux does, one word of boot_params serves to learn where we are.
	bits 32
kernel:
	cld
	or ebx, ebp
	or ebx, edi
	mov edi, esi
	lea esp, [esi + 0x1e8]	; BP_scratch + 4
	call .here
.here:
	pop ebp
	sub ebp, .here - kernel
	lea esp, [ebp + end - kernel]
	lea esi, [ebp + text32 - kernel]
	call print32
	mov edx, edi
	call hex32
	lea esi, [ebp + regs32 - kernel]
	call print32
	mov edx, ebx
	call hex32
	mov esi, edi		; as it came, for those who look once they have read the line
	mov al, 10
	call put32
.wait:
	mov dx, COM1 + 5
	in al, dx
	test al, 1
	jz .wait
	mov dx, COM1
	in al, dx
	cmp al, 'q'
	jne .wait
	mov dx, 0x604
	mov ax, 0x2000
	out dx, ax
	jmp .wait

print32:
	lodsb
	test al, al
	jz .done
	call put32
	jmp print32
.done:
	ret

hex32:
	mov ecx, 8
.digit:
	rol edx, 4
	mov al, dl
	and al, 15
	cmp al, 10
	sbb al, 0x69
	das
	call put32
	loop .digit
	ret

put32:
	push edx
	mov ah, al
	mov dx, COM1 + 5
.busy:
	in al, dx
	test al, 0x20
	jz .busy
	mov al, ah
	mov dx, COM1
	out dx, al
	pop edx
	ret

text32	db 10, 'PROBE entry=32 base=', 0
regs32	db ' regs=', 0
	align 16, db 0
	times 0x800 - ($ - $$) db 0	; the stack is the end of this
end:
