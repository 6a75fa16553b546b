/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The settings that have a meaning: name, type, and the DHCP option they show (RFC 2132, 4578,
 * 5071; 175.x are the encapsulated options that iPXE's users set in their servers). docs/script.md
 * lists them for people.
 */
#include "core/setting.h"

const struct setting_def setting_defs[] = {
	/* a link and its lease */
	{"ip", "ipv4", 0, 0},
	{"netmask", "ipv4", 1, 0},
	{"gateway", "ipv4", 3, 0},
	{"dns", "ipv4", 6, 0},
	{"syslog", "ipv4", 7, 0},
	{"hostname", "string", 12, 0},
	{"domain", "string", 15, 0},
	{"root-path", "string", 17, 0},
	{"mtu", "uint16", 26, 0},
	{"ntp", "ipv4", 42, 0},
	{"vendor-class", "string", 60, 0},
	{"dhcp-server", "ipv4", 54, 0},
	{"tftp-server", "string", 66, 0},
	{"filename", "string", 67, 0},
	{"user-class", "string", 77, 0},
	{"search", "dnssl", 119, 0},
	{"next-server", "ipv4", 0, 0},
	{"initiator-iqn", "string", 203, 0},
	{"mac", "hex", 0, 0},
	{"hwaddr", "hex", 0, 0},
	{"busid", "hex", 0, 0},
	{"busloc", "uint32", 0, 0},
	/* encapsulated in option 175 */
	{"priority", "int8", 175, 1},
	{"keep-san", "int8", 175, 8},
	{"skip-san-boot", "int8", 175, 9},
	{"scriptlet", "string", 175, 81},
	{"no-pxedhcp", "uint8", 175, 176},
	{"username", "string", 175, 190},
	{"password", "string", 175, 191},
	/* the machine */
	{"uuid", "uuid", 0, 0},
	{"errno", "uint32", 0, 0},
	{"memsize", "uint32", 0, 0},
	{NULL, NULL, 0, 0},
};
