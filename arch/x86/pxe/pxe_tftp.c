/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that the NBP reads: by the TFTP calls of PXE 2.1, chapter 3, and what pxe_file.c shares.
 *
 * An NBP thinks that all memory but ours is its own, so what is read ahead lies in a ring
 * (net/fetch.h, streamed files). The packets that it asks for are cut out of that and need not be
 * those of the wire: their size is what was asked for, as far as the link has it.
 *
 * All calls wait, FILE_WAIT_US at most; the time-outs that READ_FILE names are not looked at. No
 * MTFTP. READ_FILE writes only to free RAM: base memory that the BIOS data area says is free, and
 * what is neither ours nor an image's above 1 MiB.
 */
#include "arch/x86/pxe/pxe.h"
#include "core/fmt.h"
#include "core/machine.h"
#include "net/dhcp_cached.h"
#include "net/net.h"
#include "net/wire.h"

#define FILE_WAIT_US 60000000
#define NAME_MAX     128
#define PACKET_MIN   512
#define TFTP_PORT    69
#define HEADERS	     32	   /* of IP, UDP, TFTP */
#define LOW_FREE     0x600 /* below: interrupt vectors, the BIOS's data */
#define BDA_MEMORY   0x413 /* word: KiB of base memory that are free */

/* -- files that are read in order ------------------------------------------------------ */

static bool file_known(void *ctx)
{
	const struct pxe_file *f = ctx;

	return f->fetch->finished || f->fetch->image;
}

static uint32_t file_there(const struct pxe_file *f)
{
	const struct image *img = f->fetch->image;

	return img ? (uint32_t)(ranges_front(&img->have) - f->pos) : 0;
}

static bool file_ready(void *ctx)
{
	const struct pxe_file *f = ctx;

	return f->fetch->finished || file_there(f);
}

int pxe_file_wait(struct pxe *p, struct pxe_file *f, uint32_t us)
{
	machine_wait(p->m, file_ready, f, p->m->now_us + us);
	if (file_there(f))
		return (int)file_there(f);
	return f->fetch->finished ? f->fetch->result : -ERR_TFTP_TIMEOUT;
}

int pxe_file_open(struct pxe *p, struct pxe_file *f, const char *uri)
{
	int rc = fetch_stream(p->m, uri, "pxe", f->ring, PXE_RING, &f->fetch);

	f->pos = 0;
	if (rc)
		return rc;
	machine_wait(p->m, file_known, f, p->m->now_us + FILE_WAIT_US);
	if (f->fetch->image)
		return 0;
	rc = f->fetch->finished ? f->fetch->result : -ERR_TFTP_TIMEOUT;
	pxe_file_close(p, f);
	return rc;
}

/* n bytes were read. The network is told of a quarter of the ring, or that it is empty. */
static void file_skip(struct pxe_file *f, uint32_t n)
{
	f->pos += n;
	if (f->pos + PXE_RING - f->fetch->image->limit >= PXE_RING / 4 || !file_there(f))
		fetch_more(f->fetch, f->pos);
}

int pxe_file_read(struct pxe *p, struct pxe_file *f, void *dst, size_t n)
{
	uint32_t got = 0, part;
	int rc = 0;

	while (got < n && (rc = pxe_file_wait(p, f, FILE_WAIT_US)) > 0) {
		part = (uint32_t)rc < n - got ? (uint32_t)rc : (uint32_t)n - got;
		image_get(p->m, f->fetch->image, f->pos, (uint8_t *)dst + got, part);
		file_skip(f, part);
		got += part;
	}
	return rc < 0 ? rc : (int)got;
}

void pxe_file_close(struct pxe *p, struct pxe_file *f)
{
	(void)p;
	if (f->fetch)
		fetch_cancel(f->fetch);
	f->fetch = NULL;
}

void pxe_files_end(struct pxe *p)
{
	for (unsigned i = 0; i < PXE_FILES; i++)
		pxe_file_close(p, &p->file[i]);
}

enum pxe_status pxe_file_status(int rc)
{
	static const struct {
		uint16_t err, status;
	} rows[] = {
		{ERR_TFTP_NOT_FOUND, PXENV_STATUS_TFTP_FILE_NOT_FOUND},
		{ERR_HTTP_NOT_FOUND, PXENV_STATUS_TFTP_FILE_NOT_FOUND},
		{ERR_TFTP_ACCESS, PXENV_STATUS_TFTP_ACCESS_VIOLATION},
		{ERR_HTTP_LOGIN, PXENV_STATUS_TFTP_ACCESS_VIOLATION},
		{ERR_TFTP_TIMEOUT, PXENV_STATUS_TFTP_OPEN_TIMEOUT},
		{ERR_HTTP_TIMEOUT, PXENV_STATUS_TFTP_OPEN_TIMEOUT},
		{ERR_TFTP_ERROR, PXENV_STATUS_TFTP_ERROR_OPCODE},
		{ERR_ARP_TIMEOUT, PXENV_STATUS_TFTP_CANNOT_ARP_ADDRESS},
		{ERR_NO_ROUTE, PXENV_STATUS_TFTP_CANNOT_ARP_ADDRESS},
		{ERR_FETCH_BUSY, PXENV_STATUS_OUT_OF_RESOURCES},
		{ERR_IMAGE_MAX, PXENV_STATUS_OUT_OF_RESOURCES},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].err == -rc)
			return rows[i].status;
	return PXENV_STATUS_TFTP_CANNOT_OPEN_CONNECTION;
}

/* -- TFTP ------------------------------------------------------------------------------ */

struct tftp_open {
	uint16_t status;
	uint8_t server[4], gateway[4];
	char name[NAME_MAX];
	uint8_t port[2];
	uint16_t packet;
} __attribute__((packed));
_Static_assert(sizeof(struct tftp_open) == 142, "PXE 2.1, TFTP OPEN");

struct tftp_read {
	uint16_t status, number, size;
	struct segoff buffer;
} __attribute__((packed));
_Static_assert(sizeof(struct tftp_read) == 10, "PXE 2.1, TFTP READ");

struct tftp_read_file {
	uint16_t status;
	char name[NAME_MAX];
	uint32_t size, buffer;
	uint8_t server[4], gateway[4], mcast[4];
	uint16_t client_port;
	uint8_t port[2];
	uint16_t timeout, delay;
} __attribute__((packed));
_Static_assert(sizeof(struct tftp_read_file) == 158, "PXE 2.1, TFTP READ FILE");

struct tftp_size {
	uint16_t status;
	uint8_t server[4], gateway[4];
	char name[NAME_MAX];
	uint32_t size;
} __attribute__((packed));
_Static_assert(sizeof(struct tftp_size) == 142, "PXE 2.1, TFTP GET FILE SIZE");

static bool is_plain(char c)
{
	return (c >= '-' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Its URL; false for a name that has no end. port NULL or 0: the usual one. */
static bool tftp_uri(const uint8_t *server, const uint8_t *port, const char *name, char *uri)
{
	unsigned number = port ? wire_get16(port) : 0;
	struct ip_addr ip = ip4_of(wire_get32(server));
	char text[IP_STR_MAX];
	size_t n = fmt_print(
		uri, URL_MAX, "tftp://%s:%u/", ip_str(&ip, text), number ? number : TFTP_PORT);

	for (unsigned i = 0; i < NAME_MAX; i++) {
		if (!name[i])
			return true;
		n += fmt_print(uri + n, URL_MAX - n, is_plain(name[i]) ? "%c" : "%%%02x",
			(uint8_t)name[i]);
	}
	return false;
}

static enum pxe_status tftp_begin(struct pxe *p, const uint8_t *server, const uint8_t *gateway,
	const uint8_t *port, const char *name)
{
	char uri[URL_MAX];
	int rc;

	if (p->file[0].fetch)
		return PXENV_STATUS_TFTP_OPEN;
	if (!tftp_uri(server, port, name, uri))
		return PXENV_STATUS_TFTP_FILE_NOT_FOUND;
	ipv4_suggest_gateway(p->dev, wire_get32(gateway));
	rc = pxe_file_open(p, &p->file[0], uri);
	return rc ? pxe_file_status(rc) : PXENV_STATUS_SUCCESS;
}

static enum pxe_status tftp_open(struct pxe *p, void *params)
{
	struct tftp_open *o = params;
	unsigned most = p->dev->mtu - HEADERS;
	enum pxe_status status;

	if (o->packet < PACKET_MIN)
		return PXENV_STATUS_TFTP_INVALID_PACKET_SIZE;
	status = tftp_begin(p, o->server, o->gateway, o->port, o->name);
	if (status)
		return status;
	if (o->packet > most && most >= PACKET_MIN)
		o->packet = (uint16_t)most;
	p->file[0].block = o->packet;
	p->file[0].number = 0;
	return PXENV_STATUS_SUCCESS;
}

static enum pxe_status tftp_close(struct pxe *p, void *params)
{
	(void)params;
	if (!p->file[0].fetch)
		return PXENV_STATUS_TFTP_CLOSED;
	pxe_file_close(p, &p->file[0]);
	return PXENV_STATUS_SUCCESS;
}

static enum pxe_status tftp_read(struct pxe *p, void *params)
{
	struct pxe_file *f = &p->file[0];
	struct tftp_read *r = params;
	void *to = pxe_at(p, r->buffer, f->block);
	int n;

	if (!f->fetch)
		return PXENV_STATUS_TFTP_CLOSED;
	if (!to)
		return PXENV_STATUS_FAILURE;
	n = pxe_file_read(p, f, to, f->block);
	if (n < 0)
		return n == -ERR_TFTP_TIMEOUT ? PXENV_STATUS_TFTP_READ_TIMEOUT
					      : PXENV_STATUS_TFTP_CANNOT_READ_FROM_CONNECTION;
	r->number = ++f->number;
	r->size = (uint16_t)n;
	return PXENV_STATUS_SUCCESS;
}

static bool is_free(const struct pxe *p, uint32_t at, uint32_t n)
{
	uint64_t end = (uint64_t)at + n;
	uint16_t low_k;

	for (const struct image *img = p->m->images; img < p->m->images + IMAGE_MAX; img++) {
		struct range span = image_span(img);

		if (img->state != IMAGE_FREE && span.start < end && at < span.end)
			return false;
	}
	if (at >= MEM_LOW)
		return mem_is_ram(p->m, at, end);
	memcpy(&low_k, p->memory + BDA_MEMORY, sizeof(low_k)); /* little-endian, as we are */
	return at >= LOW_FREE && end <= (low_k < 640 ? low_k : 640u) << 10;
}

/* All of the open file to memory at `to`, which may well be where the parameters lie. */
static enum pxe_status tftp_load(struct pxe *p, uint32_t to, uint32_t size)
{
	struct pxe_file *f = &p->file[0];
	uint64_t total = f->fetch->image->total;
	int rc;

	if (total > size && total != IMAGE_SIZE_UNKNOWN)
		return PXENV_STATUS_OUT_OF_RESOURCES;
	while ((rc = pxe_file_wait(p, f, FILE_WAIT_US)) > 0) {
		uint32_t at = (uint32_t)f->pos & (PXE_RING - 1), n = (uint32_t)rc;

		n = n < PXE_RING - at ? n : PXE_RING - at;
		if (n > size || !is_free(p, to, n))
			return PXENV_STATUS_OUT_OF_RESOURCES;
		p->m->plat->phys_write(p->m->plat_ctx, to, f->ring + at, n);
		file_skip(f, n);
		to += n;
		size -= n;
	}
	return rc ? PXENV_STATUS_TFTP_READ_TIMEOUT : PXENV_STATUS_SUCCESS;
}

static enum pxe_status tftp_read_file(struct pxe *p, void *params)
{
	struct tftp_read_file *r = params;
	enum pxe_status status;

	if (wire_get32(r->mcast))
		return PXENV_STATUS_UNSUPPORTED;
	status = tftp_begin(p, r->server, r->gateway, r->port, r->name);
	if (status)
		return status;
	/*
	 * Microsoft's programs find their way by the name of the file that was loaded last. The
	 * parameters are where the NBP wants them, which may be in the packets.
	 */
	memmove(p->base->packet[PXE_ACK] + DHCP_FILE_AT, r->name, NAME_MAX);
	memmove(p->base->packet[PXE_REPLY] + DHCP_FILE_AT, r->name, NAME_MAX);
	status = tftp_load(p, r->buffer, r->size);
	if (!status)
		r->size = (uint32_t)p->file[0].pos;
	pxe_file_close(p, &p->file[0]);
	return status;
}

static enum pxe_status tftp_get_size(struct pxe *p, void *params)
{
	struct tftp_size *s = params;
	enum pxe_status status = tftp_begin(p, s->server, s->gateway, NULL, s->name);
	uint64_t total;

	if (status)
		return status;
	total = p->file[0].fetch->image->total;
	pxe_file_close(p, &p->file[0]);
	if (total > UINT32_MAX)
		return PXENV_STATUS_TFTP_NO_FILESIZE;
	s->size = (uint32_t)total;
	return PXENV_STATUS_SUCCESS;
}

const struct pxe_call pxe_tftp_calls[] = {
	{0x20, sizeof(struct tftp_open), tftp_open},
	{0x21, 2, tftp_close},
	{0x22, sizeof(struct tftp_read), tftp_read},
	{0x23, sizeof(struct tftp_read_file), tftp_read_file},
	{0x25, sizeof(struct tftp_size), tftp_get_size},
	{0, 0, NULL},
};
