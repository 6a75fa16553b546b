# SPDX-License-Identifier: BSD-2-Clause
#
# make            all artefacts              make boot    boots a Debian kernel from our ROM in QEMU
# make check      every test there is        make bench   speed beside peers, as ratios
# make fuzz soak  the broad sweeps           make setup   installs what all of these need
#
# O=dir builds elsewhere, V=1 shows commands, EMBED=script puts a script into the images,
# NO_SETUP=1 installs nothing. Lists of sources are wildcards: a file in a folder is in its archive, and the
# tables in config/ decide what links.

O ?= build
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

CC_BIOS ?= gcc -m32
CC_HOST ?= gcc
CC_FUZZ ?= clang
CC_I386 ?= i686-linux-gnu-gcc
CC_ARM64 ?= aarch64-linux-gnu-gcc
CC_EFI_X64 ?= gcc
CC_EFI_ARM64 ?= aarch64-linux-gnu-gcc
BIN_EFI_ARM64 ?= aarch64-linux-gnu-
NASM	?= nasm
PYTHON	?= /usr/bin/python3

ifneq ($(V),1)
Q := @
say = @printf '  %-7s %s\n' $(1) $(patsubst $(O)/%,%,$@)
endif

VERSION := 0.1
WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
COMMON := -std=c11 -I. -I$(O)/gen $(WARN) -MMD -MP -g -fno-common
# Debug information must not name the folder: two builds in different places are byte-identical.
COMMON += -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(abspath $(O))=build

# -- the firmware, 32-bit BIOS ------------------------------------------------------------------------------
# Chosen by the size of the compressed ROM: instructions newer than the i486's, such as CMOV, cost 2 KiB of it.
CFLAGS_BIOS := $(COMMON) -ffreestanding -Os -march=i486 -fno-inline-functions-called-once -fno-shrink-wrap \
	-mgeneral-regs-only -mregparm=3 \
	-fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fno-unwind-tables \
	-ffunction-sections -fdata-sections -fomit-frame-pointer -mpreferred-stack-boundary=2 \
	-falign-functions=1 -falign-jumps=1 -falign-loops=1 -falign-labels=1 -fno-ident \
	-fno-optimize-sibling-calls -fno-caller-saves -fno-if-conversion -fno-if-conversion2 -fno-peephole2 \
	-fno-tree-loop-im -fno-tree-dominator-opts -fno-tree-copy-prop

# -- the firmware, UEFI -------------------------------------------------------------------------------------
# hidden.h: all addresses are PC-relative, there is no GOT. What UEFI forbids: no red zone, x18 is not ours (2.3.4, 2.3.6).
CFLAGS_EFI := $(COMMON) -ffreestanding -O2 -fpie -include arch/efi/hidden.h -fshort-wchar \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-unwind-tables \
	-ffunction-sections -fdata-sections -fno-ident
CFLAGS_EFI_X64 := $(CFLAGS_EFI) -m64 -mno-red-zone -fcf-protection=none -DGNU_EFI_USE_MS_ABI
CFLAGS_EFI_ARM64 := $(CFLAGS_EFI) -ffixed-x18 -mbranch-protection=none

# -- the hosted builds --------------------------------------------------------------------------------------
HOSTED	    := $(COMMON) -D_GNU_SOURCE
CFLAGS_HOST := $(HOSTED) -O2
# What the tests are written on: out of the sources of Debian's cmocka, for each of their CPUs, or wherever CMOCKA= says.
CMOCKA	    ?= $(O)/cache/cmocka
TESTED	    := $(HOSTED) -isystem $(CMOCKA)/include
SANITIZE    := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_SAN  := $(TESTED) -O1 $(SANITIZE)
# qemu-user bears no address sanitizer. -O2, as the firmware of that CPU.
SANITIZE_ARM64 := -fsanitize=undefined -fno-sanitize-recover=all
CFLAGS_ARM64   := $(TESTED) -O2 $(SANITIZE_ARM64)
CFLAGS_FUZZ := $(HOSTED) -O1 $(SANITIZE) -fsanitize=fuzzer-no-link
# A cross compiler's libraries lie where no loader looks for them.
I386_LIBS = $(patsubst %/,%,$(dir $(shell $(CC_I386) -print-file-name=ld-linux.so.2)))
LINK_I386 = $(SANITIZE) -Wl,-rpath=$(I386_LIBS),--dynamic-linker=$(I386_LIBS)/ld-linux.so.2

LIB_SRC	  := $(wildcard core/*.c net/*.c net/*/*.c drivers/*.c drivers/*/*.c)
PXE_SRC	  := $(wildcard arch/x86/pxe/*.c)
BIOS_SRC  := $(LIB_SRC) $(PXE_SRC) $(wildcard arch/x86/*.c arch/x86/bios/*.c) config/bios.c config/bios_common.c config/common.c
EFI_SRC	  := $(LIB_SRC) $(wildcard arch/efi/*.c) config/efi.c config/efi_common.c config/common.c
# Of that, what needs neither the firmware nor its headers; and what tests have a firmware for, which is some counters.
EFI_PURE  := $(addprefix arch/efi/,boot_path.c node.c options.c tree.c utf16.c)
EFI_FAKED := $(addprefix arch/efi/,devpath.c handle.c initrd.c late.c nic.c nic_file.c nic_pxe.c nic_snp.c nic_tftp.c nic_udp.c pci_efi.c)
HOST_LIB  := $(filter-out core/libc.c core/div.c,$(LIB_SRC)) config/host.c config/common.c
HOST_SRC  := $(HOST_LIB) $(wildcard arch/host/*.c)
SIM_SRC	  := $(filter-out tests/sim/test_% tests/sim/sim.c,$(wildcard tests/sim/*.c))
UNIT_SRC  := $(wildcard $(addsuffix /test_*.c,$(addprefix tests/,core net drivers host arch/x86/pxe arch/efi)))
SIMT_SRC  := $(wildcard tests/sim/test_*.c)
FUZZ_SRC  := $(wildcard tests/fuzz/fuzz_*.c)

ROM_IDS := 1af41000 1af41041 8086100e
ROMS	:= $(ROM_IDS:%=$(O)/bios/%.rom)
PAYLOADS := $(foreach cpu,x64 arm64,$(addprefix $(O)/efi-$(cpu)/,payload.efi payload-driver.efi offer.efi bind.efi exit.efi memory.efi))
EFI	:= $(foreach cpu,x64 arm64,$(addprefix $(O)/efi-$(cpu)/,reveille.efi snponly.efi efirom.efi))
EFIROMS	:= $(foreach cpu,x64 arm64,$(ROM_IDS:%=$(O)/efi-$(cpu)/%.efirom)) $(ROM_IDS:%=$(O)/rom/%.rom)
FLAT	:= $(addprefix $(O)/bios/reveille.,pxe kpxe)
DISKS	:= $(addprefix $(O)/bios/reveille.,iso usb)
SUITES	?= san san-i386 san-arm64
TESTS	:= $(foreach suite,$(SUITES),$(patsubst %.c,$(O)/$(suite)/%,$(UNIT_SRC) $(SIMT_SRC)))
FUZZERS := $(FUZZ_SRC:tests/fuzz/%.c=$(O)/fuzz/%)

.PHONY: all bios efi host boot check bench fuzz soak setup clean tests fuzzers format
all: bios efi host
bios: $(ROMS) $(FLAT) $(DISKS) $(O)/bios/reveille.lkrn $(O)/bios/sizes.txt
efi: $(EFI) $(EFIROMS) $(O)/efi-sizes.txt
host: $(O)/host/reveille $(O)/host/sim $(O)/host/relay

# -- the embedded script and the version --------------------------------------------------------------------
# Rewritten only when the text changes, so that EMBED= may come and go between builds.
$(O)/gen/embed.h: force util/embed
	$(Q)mkdir -p $(@D)
	$(Q)$(PYTHON) util/embed --version '$(VERSION)' $(if $(EMBED),--script '$(EMBED)') $@
.PHONY: force

# -- MD5 and SHA-256: out of the sources of Debian's bearssl, or wherever BEARSSL= says -----------------------
BEARSSL ?= $(O)/cache/bearssl
BEARSSL_SRC := $(patsubst %,bearssl/%.c,hash/md5 hash/sha2small codec/dec32le codec/enc32le codec/dec32be codec/enc32be)
$(BEARSSL):
	$(Q)util/setup --source bearssl '$@'

# -- UEFI's headers: of Debian's gnu-efi, or wherever GNU_EFI= says -------------------------------------------
GNU_EFI ?= $(O)/cache/gnu-efi
$(GNU_EFI):
	$(Q)util/setup --source gnu-efi '$@'

# -- rules for objects, one a flavour -----------------------------------------------------------------------
# BEARSSL_CFLAGS and EFI_CFLAGS are empty for all but what includes those headers. BearSSL is not held to our warnings.
define flavour
$(O)/$(1)/obj/%.o: %.c Makefile | $(O)/gen/embed.h $(3)
	$$(call say,CC)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(2) $$(BEARSSL_CFLAGS) $$(EFI_CFLAGS) -c -o $$@ $$<
$(O)/$(1)/obj/bearssl/%.o: Makefile | $(BEARSSL)
	$$(call say,CC)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(2) -w -Inet/bearssl -I$(BEARSSL)/inc -I$(BEARSSL)/src -c -o $$@ $(BEARSSL)/src/$$*.c
$(O)/$(1)/obj/net/bearssl/digest.o: BEARSSL_CFLAGS = -Inet/bearssl -I$(BEARSSL)/inc
$(O)/$(1)/obj/net/bearssl/digest.o: | $(BEARSSL)
endef
$(eval $(call flavour,bios,$(CC_BIOS) $(CFLAGS_BIOS)))
$(eval $(call flavour,efi-x64,$(CC_EFI_X64) $(CFLAGS_EFI_X64)))
$(eval $(call flavour,efi-arm64,$(CC_EFI_ARM64) $(CFLAGS_EFI_ARM64)))
$(eval $(call flavour,host,$(CC_HOST) $(CFLAGS_HOST)))
$(eval $(call flavour,san,$(CC_HOST) $(CFLAGS_SAN),$(CMOCKA)))
$(eval $(call flavour,san-i386,$(CC_I386) $(CFLAGS_SAN),$(CMOCKA)))
$(eval $(call flavour,san-arm64,$(CC_ARM64) $(CFLAGS_ARM64),$(CMOCKA)))
$(eval $(call flavour,fuzz,$(CC_FUZZ) $(CFLAGS_FUZZ)))
EFI_INCLUDE = -isystem $(GNU_EFI)/inc -isystem $(GNU_EFI)/inc/$(1) -isystem $(GNU_EFI)/inc/protocol
$(O)/efi-x64/obj/arch/efi/%.o $(O)/efi-x64/obj/tests/qemu/efi/%.o: EFI_CFLAGS = $(call EFI_INCLUDE,x86_64)
$(O)/efi-arm64/obj/arch/efi/%.o $(O)/efi-arm64/obj/tests/qemu/efi/%.o: EFI_CFLAGS = $(call EFI_INCLUDE,aarch64)
$(addprefix $(O)/,$(foreach cpu,x64 arm64,$(patsubst %.c,efi-$(cpu)/obj/%.o,$(wildcard arch/efi/*.c tests/qemu/efi/*.c)))): | $(GNU_EFI)
EFI_HOSTED := $(foreach suite,san san-i386 san-arm64,$(patsubst %.c,$(O)/$(suite)/obj/%.o,$(EFI_FAKED) $(wildcard tests/arch/efi/test_*.c)))
$(EFI_HOSTED): EFI_CFLAGS = $(call EFI_INCLUDE,.) -fshort-wchar -DGNU_EFI_USE_MS_ABI
$(EFI_HOSTED): | $(GNU_EFI)
objs = $(patsubst %.c,$(O)/$(1)/obj/%.o,$(2))

define archive
	$(call say,AR)
	$(Q)rm -f $@ && ar rcsD $@ $^
endef
$(O)/bios/libreveille.a: $(call objs,bios,$(BIOS_SRC) $(BEARSSL_SRC)) \
	$(addprefix $(O)/bios/obj/arch/x86/bios/,entry.o undi_low.o)
	$(archive)
$(O)/efi-x64/libreveille.a: $(call objs,efi-x64,$(EFI_SRC) $(BEARSSL_SRC))
	$(archive)
$(O)/efi-arm64/libreveille.a: $(call objs,efi-arm64,$(EFI_SRC) $(wildcard arch/arm64/*.c) $(BEARSSL_SRC))
	$(archive)
$(O)/host/libreveille.a: $(call objs,host,$(HOST_SRC) $(BEARSSL_SRC))
	$(archive)
$(O)/fuzz/libreveille.a: $(call objs,fuzz,$(HOST_LIB) $(PXE_SRC) $(BEARSSL_SRC) tests/fake.c)
	$(archive)

# -- ROM and lkrn -------------------------------------------------------------------------------------------
B := arch/x86/bios
NASMFLAGS := -Werror -I$(B)/ -I$(O)/gen/
$(O)/bios/obj/%.o: %.asm $(wildcard $(B)/*.inc)
	$(call say,NASM)
	$(Q)mkdir -p $(@D)
	$(Q)$(NASM) $(NASMFLAGS) -f elf32 -o $@ $<
$(O)/bios/obj/%.bin: %.asm $(wildcard $(B)/*.inc)
	$(call say,NASM)
	$(Q)mkdir -p $(@D)
	$(Q)$(NASM) $(NASMFLAGS) -f bin -o $@ $<
# The 16-bit half travels inside the 32-bit one.
$(O)/bios/obj/$(B)/entry.o: $(O)/bios/obj/$(B)/realmode.bin
$(O)/bios/obj/$(B)/entry.o: NASMFLAGS += -I$(O)/bios/obj/$(B)/

# One archive, four images: an image's own table comes in front of it and stands for the archive's, config/bios.c or bios_common.c.
define link
	$(call say,LD)
	$(Q)ld -m elf_i386 -z noexecstack --no-warn-rwx-segments -T $(B)/reveille.lds --emit-relocs --gc-sections -Map=$(@:.elf=.map) \
		-o $@ $(filter %.o %.a,$^)
endef
$(O)/bios/reveille.elf: $(O)/bios/libreveille.a $(B)/reveille.lds
	$(link)
$(O)/bios/rom.elf $(O)/bios/pxe.elf $(O)/bios/kpxe.elf: $(O)/bios/%.elf: $(O)/bios/obj/config/%.o $(O)/bios/libreveille.a $(B)/reveille.lds
	$(link)

# The decompressor: position-independent, in front of the compressed image.
STUB_CFLAGS := -std=c11 $(WARN) -MMD -MP -ffreestanding -Os -march=i486 -mgeneral-regs-only -mregparm=3 \
	-fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fno-jump-tables \
	-mpreferred-stack-boundary=2 -fno-ident -falign-functions=1 -falign-loops=1 -falign-jumps=1 \
	-fomit-frame-pointer -ffunction-sections -fno-inline-functions-called-once -malign-data=abi -fno-tree-sra -I.
$(O)/bios/obj/$(B)/stub/%.o: $(B)/stub/%.c Makefile
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC_BIOS) $(STUB_CFLAGS) -c -o $@ $<
$(O)/bios/stub.bin: $(addprefix $(O)/bios/obj/$(B)/stub/,head.o stub.o unpack.o) $(B)/stub/stub.lds
	$(call say,LD)
	$(Q)ld -m elf_i386 -z noexecstack --no-warn-rwx-segments -T $(B)/stub/stub.lds --gc-sections -o $(@:.bin=.elf) $(filter %.o,$^)
	$(Q)objcopy -O binary $(@:.bin=.elf) $@

# Its other end runs on the host.
$(O)/host/pack: $(call objs,host,util/pack.c $(B)/stub/unpack.c)
	$(call say,LD)
	$(Q)$(CC_HOST) -o $@ $^
define pack
	$(call say,PACK)
	$(Q)$(PYTHON) util/romtool pack --elf $< --stub $(O)/bios/stub.bin --packer $(O)/host/pack -o $@
endef
$(O)/bios/%.payload: $(O)/bios/%.elf $(O)/bios/stub.bin $(O)/host/pack util/romtool
	$(pack)
$(FLAT): $(O)/bios/reveille.%: $(O)/bios/%.payload $(O)/bios/obj/$(B)/flat.bin util/romtool
	$(call say,FLAT)
	$(Q)$(PYTHON) util/romtool flat --prefix $(O)/bios/obj/$(B)/flat.bin --payload $< -o $@
$(O)/bios/%.rom: $(O)/bios/rom.payload $(O)/bios/obj/$(B)/rom.bin util/romtool
	$(call say,ROM)
	$(Q)$(PYTHON) util/romtool build --id $* --prefix $(O)/bios/obj/$(B)/rom.bin --payload $< -o $@
$(O)/bios/reveille.lkrn: $(O)/bios/reveille.payload $(O)/bios/obj/$(B)/lkrn.bin util/romtool
	$(call say,LKRN)
	$(Q)$(PYTHON) util/romtool lkrn --prefix $(O)/bios/obj/$(B)/lkrn.bin --payload $< -o $@
$(O)/bios/obj/$(B)/mbr-usb.bin: $(B)/mbr.asm $(B)/flat.inc
	$(call say,NASM)
	$(Q)mkdir -p $(@D)
	$(Q)$(NASM) $(NASMFLAGS) -DIMAGE_LBA=63 -f bin -o $@ $<
$(O)/bios/reveille.usb: $(O)/bios/reveille.pxe $(O)/bios/obj/$(B)/mbr-usb.bin util/romtool
	$(call say,USB)
	$(Q)$(PYTHON) util/romtool disk --mbr $(O)/bios/obj/$(B)/mbr-usb.bin --image $< -o $@
# Dates and names are fixed: the same input makes the same image.
$(O)/bios/reveille.iso: $(O)/bios/reveille.pxe $(O)/bios/obj/$(B)/mbr.bin util/romtool
	$(call say,ISO)
	$(Q)rm -rf $(O)/bios/iso && mkdir -p $(O)/bios/iso && cp $< $(O)/bios/iso/boot.bin && \
		touch -d @946684800 $(O)/bios/iso $(O)/bios/iso/boot.bin
	$(Q)SOURCE_DATE_EPOCH=946684800 xorriso -report_about WARNING -as mkisofs -V REVEILLE -p REVEILLE -A REVEILLE \
		-b boot.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table -o $(O)/bios/iso.tmp $(O)/bios/iso
	$(Q)$(PYTHON) util/romtool disk --mbr $(O)/bios/obj/$(B)/mbr.bin --iso $(O)/bios/iso.tmp -o $@
	$(Q)rm -rf $(O)/bios/iso $(O)/bios/iso.tmp
# What each part costs, in bytes: printed by every build that changes it.
$(O)/bios/sizes.txt: $(ROMS) $(FLAT) util/sizes
	$(Q)$(PYTHON) util/sizes --map $(O)/bios/rom.map --rom $(firstword $(ROMS)) \
		--stub $(O)/bios/stub.bin --flat $(FLAT) > $@ && cat $@

# -- UEFI ---------------------------------------------------------------------------------------------------
# As above: a program's own table comes in front. objcopy makes a PE file of it, efitool what it lacks.
$(O)/host/efipack: $(call objs,host,util/efipack.c)
	$(call say,LD)
	$(Q)$(CC_HOST) -o $@ $^
# $(1) efi-x64 or efi-arm64, $(2) prefix of the binutils, $(3) objcopy's name of the CPU
define efi
$(O)/$(1)/reveille.elf: $(O)/$(1)/libreveille.a arch/efi/reveille.lds
	$$(link_efi)
$(O)/$(1)/%.elf: $(O)/$(1)/obj/config/%.o $(O)/$(1)/libreveille.a arch/efi/reveille.lds
	$$(link_efi)
$(O)/$(1)/payload.elf $(O)/$(1)/payload-driver.elf: $(O)/$(1)/obj/tests/qemu/efi/payload.o $(O)/$(1)/libreveille.a arch/efi/reveille.lds
	$$(link_efi)
$(addprefix $(O)/$(1)/,offer.elf bind.elf exit.elf memory.elf): $(O)/$(1)/%.elf: $(O)/$(1)/obj/tests/qemu/efi/%.o $(O)/$(1)/libreveille.a arch/efi/reveille.lds
	$$(link_efi)
$(O)/$(1)/%.efi: $(O)/$(1)/%.elf util/efitool
	$$(call say,EFI)
	$$(Q)$(PYTHON) util/efitool reloc $$< -o $$(@:.efi=.reloc)
	$$(Q)$(2)objcopy --strip-all -j .text -j .rodata -j .data -j .bss -j .sbat -j .reloc --update-section .reloc=$$(@:.efi=.reloc) \
		--target=$$(EFI_KIND)-$(3) --section-alignment=4096 --file-alignment=512 $$< $$@
	$$(Q)$(PYTHON) util/efitool finish $$@
$(O)/$(1)/%.packed: $(O)/$(1)/%.efi $(O)/host/efipack
	$$(call say,PACK)
	$$(Q)$(O)/host/efipack <$$< >$$@
$(O)/$(1)/%.efirom: $(O)/$(1)/efirom.efi $(O)/$(1)/efirom.packed util/romtool
	$$(call say,ROM)
	$$(Q)$(PYTHON) util/romtool efi --id $$* --driver $$< --packed $$(word 2,$$^) -o $$@
$(O)/$(1)/%: LD_EFI = $(2)ld
endef
define link_efi
	$(call say,LD)
	$(Q)$(LD_EFI) -z noexecstack --no-warn-rwx-segments -T arch/efi/reveille.lds --emit-relocs --gc-sections -e $(EFI_ENTRY) --require-defined=$(EFI_ENTRY) \
		-Map=$(@:.elf=.map) -o $@ $(filter %.o %.a,$^)
endef
$(eval $(call efi,efi-x64,,x86_64))
$(eval $(call efi,efi-arm64,$(BIN_EFI_ARM64),aarch64))
EFI_ENTRY := efi_main
EFI_KIND  := efi-app
$(O)/efi-x64/efirom.% $(O)/efi-arm64/efirom.%: EFI_ENTRY := efi_driver_main
$(O)/efi-x64/efirom.% $(O)/efi-arm64/efirom.%: EFI_KIND := efi-bsdrv
$(O)/efi-x64/payload-driver.% $(O)/efi-arm64/payload-driver.%: EFI_KIND := efi-bsdrv

# One ROM for both; each firmware takes its own.
$(O)/rom/%.rom: $(O)/bios/%.rom $(O)/efi-x64/%.efirom util/romtool
	$(call say,ROM)
	$(Q)mkdir -p $(@D)
	$(Q)$(PYTHON) util/romtool join $(filter %rom,$^) -o $@

$(O)/efi-sizes.txt: $(EFI) $(EFIROMS) util/efitool
	$(Q)$(PYTHON) util/efitool sizes $(EFI) $(filter %/$(firstword $(ROM_IDS)).efirom %/$(firstword $(ROM_IDS)).rom,$^) > $@ && cat $@

# -- hosted programs ----------------------------------------------------------------------------------------
$(O)/host/reveille: $(O)/host/libreveille.a
	$(call say,LD)
	$(Q)$(CC_HOST) -o $@ -Wl,--whole-archive $(O)/host/obj/arch/host/main.o -Wl,--no-whole-archive $<
$(O)/host/sim: $(call objs,host,$(SIM_SRC) tests/sim/sim.c) $(O)/host/libreveille.a
	$(call say,LD)
	$(Q)$(CC_HOST) -o $@ $^ -lm
$(O)/host/relay: $(O)/host/obj/tests/relay.o
	$(call say,LD)
	$(Q)$(CC_HOST) -o $@ $^

# -- tests --------------------------------------------------------------------------------------------------
$(CMOCKA):
	$(Q)util/setup --source cmocka '$@'
CMOCKA_HAVE := $(addprefix -DHAVE_,GCC_THREAD_LOCAL_STORAGE SIGNAL_H STRSIGNAL STRUCT_TIMESPEC CLOCK_REALTIME MALLOC_H INTTYPES_H)
# suite FLAVOUR, COMPILER, HOW IT LINKS. A static rule: of two implicit ones make takes the one whose objects happen to
# exist already.
define suite
$(O)/$(1)/libreveille.a: $(call objs,$(1),$(filter-out arch/host/main.c,$(HOST_SRC)) $(PXE_SRC) $(EFI_PURE) $(EFI_FAKED) $(BEARSSL_SRC) tests/fake.c)
	$$(archive)
$(O)/$(1)/obj/cmocka.o: Makefile | $(CMOCKA)
	$$(call say,CC)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(2) -w -O2 -D_GNU_SOURCE $(CMOCKA_HAVE) -I$(CMOCKA)/include -c -o $$@ $(CMOCKA)/src/cmocka.c
$(SIMT_SRC:%.c=$(O)/$(1)/%): $(call objs,$(1),$(SIM_SRC))
$(UNIT_SRC:%.c=$(O)/$(1)/%) $(SIMT_SRC:%.c=$(O)/$(1)/%): $(O)/$(1)/%: $(O)/$(1)/obj/%.o $(O)/$(1)/obj/cmocka.o \
		$(O)/$(1)/libreveille.a
	$$(call say,LD)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(2) $(3) -o $$@ $$(filter %.o,$$^) $(O)/$(1)/libreveille.a -lm
endef
$(eval $(call suite,san,$(CC_HOST),$(SANITIZE)))
$(eval $(call suite,san-i386,$(CC_I386),$$(LINK_I386)))
$(eval $(call suite,san-arm64,$(CC_ARM64),$(SANITIZE_ARM64) -static))
$(O)/fuzz/fuzz_%: $(O)/fuzz/obj/tests/fuzz/fuzz_%.o $(O)/fuzz/libreveille.a
	$(call say,LD)
	$(Q)$(CC_FUZZ) $(SANITIZE) -fsanitize=fuzzer -o $@ $^
$(O)/san/reveille: $(O)/san/obj/arch/host/main.o $(O)/san/libreveille.a
	$(call say,LD)
	$(Q)$(CC_HOST) $(SANITIZE) -o $@ $^
tests: $(TESTS) $(O)/san/reveille $(PAYLOADS)
fuzzers: $(FUZZERS)

# -- what people type ---------------------------------------------------------------------------------------
# Each installs what it needs first; the recursive make then sees the tools.
SETUP = $(if $(NO_SETUP),@:,$(Q)util/setup)
setup:
	$(Q)util/setup build boot check bench
boot:
	$(SETUP) build boot
	$(Q)$(MAKE) bios
	$(Q)O='$(O)' util/boot
check:
	$(SETUP) build boot check
	$(Q)$(MAKE) all tests fuzzers
	$(Q)O='$(O)' util/check
bench:
	$(SETUP) build boot check bench
	$(Q)$(MAKE) all
	$(Q)O='$(O)' PEER='$(PEER)' util/bench
fuzz:
	$(SETUP) build check
	$(Q)$(MAKE) fuzzers
	$(Q)O='$(O)' util/fuzz
soak:
	$(SETUP) build boot check
	$(Q)$(MAKE) bios efi host
	$(Q)O='$(O)' util/soak
format:
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i
clean:
	$(Q)rm -rf '$(O)'

-include $(shell find $(O)/bios $(O)/efi-x64 $(O)/efi-arm64 $(O)/host $(SUITES:%=$(O)/%) $(O)/fuzz -path '*/obj/*.d' -type f 2>/dev/null)
