/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every bound of the firmware in one place. All memory but images is sized from here at compile
 * time: nothing grows with traffic. What a limit costs in bytes is printed by the build.
 */
#ifndef CONFIG_LIMITS_H
#define CONFIG_LIMITS_H

/* net */
#define NETDEV_MAX	  8    /* links opened at once */
#define PKT_MAX		  1024 /* packet buffers, shared by all links */
#define PKT_SIZE	  2048 /* bytes of one buffer, headroom included */
#define PKT_CHAIN_MAX	  33   /* packets of one received frame: 64 KiB put together by a device */
#define PKT_HEADROOM	  64 /* room for device and Ethernet headers in front of what is received */
#define MTU_MAX		  1920	/* PKT_SIZE - PKT_HEADROOM - Ethernet header, FCS and VLAN tags */
#define RX_BUDGET	  256	/* packets a link may deliver in one turn, and what ends a chain */
#define ARP_CACHE_MAX	  8	/* neighbours a link remembers */
#define ARP_PENDING_MAX	  2	/* packets that wait for one neighbour */
#define FRAG_MAX	  4	/* IPv4 datagrams under reassembly, all links together */
#define FRAG_DATAGRAM_MAX 16384 /* bytes of the largest datagram we reassemble */
#define UDP_SOCK_MAX	  32	/* sockets open at once */
#define TCP_MAX		  24	/* connections, with those that are over but not forgotten */
#define TCP_ISLANDS_MAX	  64	/* pieces of a stream behind holes; more count as lost */
#define FETCH_MAX	  4	/* transfers at once */
#define HTTP_CONN_MAX	  16	/* HTTP connections, in use or kept */
#define HTTP_SHARE_MAX	  4	/* of these, for one file */
#define HTTP_REQUEST_MAX  2304	/* bytes of a request */
#define HTTP_LINE_MAX	  1024	/* bytes of a line of a response that are looked at */
#define HTTP_HEAD_MAX	  16384 /* bytes in front of the body of a response */
#define FETCH_ADDR_MAX	  8	/* addresses of one name that are tried */
#define DNS_QUERY_MAX	  4	/* names looked up at once */
#define DNS_SERVER_MAX	  4	/* servers that are asked */
#define DNS_CNAMES_MAX	  8	/* aliases of one name */
#define DNS_CACHE_MAX	  16	/* names whose addresses are remembered */
#define REDIRECTS_MAX	  20	/* of one fetch */
#define URL_MAX		  512	/* bytes of a URL with its NUL */
#define DHCP_OPTIONS_MAX  1400	/* bytes of options kept of one answer */

/* core */
#define IMAGE_MAX	   16 /* images loaded at once */
#define IMAGE_NAME_MAX	   128
#define IMAGE_LATE_BITS	   48	/* of the size of a late one: no memory is as large */
#define IMAGE_CMDLINE_MAX  4096 /* the longest command line any Linux takes */
#define RANGES_MAX	   64	/* islands in one hole map; more count as lost */
#define MEM_RANGES_MAX	   128	/* rows of the memory map, as many as E820 can hand to a kernel */
#define LOG_SIZE	   8192 /* bytes of the log ring */
#define SETTING_MAX	   64	/* settings that a script can set */
#define SETTING_NAME_MAX   64
#define SETTING_VALUE_MAX  1024
#define SCRIPT_DEPTH_MAX   8	/* scripts that chain one another */
#define SCRIPT_LINE_MAX	   4096 /* one line, expanded, continuation lines joined */
#define SCRIPT_SIZE_MAX	   (1u << 20)
#define SCRIPT_TURN_MAX	   32	  /* commands that run in one turn of the loop */
#define SCRIPT_JUMPS_MAX   100000 /* gotos without a command that waits */
#define COMMAND_ARGS_MAX   256	  /* words of one command */
#define SETTING_EXPAND_MAX 256	  /* ${...} resolved in one word, nested ones included */
#define EDIT_MAX	   2048	  /* bytes of a typed line with its NUL; x86 Linux takes as many */
#define SHELL_HISTORY_MAX  8
#define PXELINUX_MENUS_MAX 8	/* submenus inside of each other */
#define PXELINUX_TAG_MAX   64	/* bytes of a submenu's tag with its NUL */
#define PXELINUX_FILES_MAX 64	/* INCLUDE and CONFIG followed while nobody presses a key */
#define PXELINUX_LINES_MAX 1000 /* of a menu */
#define BOOT_MOVES_MAX	   (2 * IMAGE_MAX + 4)

#endif
