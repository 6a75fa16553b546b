/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mtftp() of PXE Base Code, UEFI 24.3: the size of a file, and a file into the caller's memory, by
 * our fetch (net/fetch.h), which chooses blocks and windows itself. What the server does not tell
 * the size of is read for it.
 *
 * A name that is a URL is fetched from there, by any scheme that the build has: who was loaded by
 * HTTP, and looks for its siblings beside itself, finds them (net/dhcp_cached.h).
 *
 * Unsupported: writing, directories, multicast, and packets for the callback in place of a buffer.
 * The callback is asked at first, and ten times a second, whether to go on, without packets.
 */
#include "arch/efi/nic.h"
#include "core/machine.h"
#include "net/net.h"

#define BLOCK_MIN 512
#define ASK_US	  100000

/* A file on its way to somebody else's memory, or nowhere: then it is its size that is wanted. */
struct load {
	struct image image; /* first */
	uint8_t *to;	    /* NULL: nowhere */
	uint64_t room;
	uint64_t total; /* IMAGE_SIZE_UNKNOWN until it is known */
	bool only_size;
	bool too_large;
	struct fetch *f;
};

static void load_put(struct machine *m, struct image *img, uint64_t off, const void *src, size_t n)
{
	struct load *l = (struct load *)img;

	(void)m;
	if (l->to)
		memcpy(l->to + off, src, n);
}

static void load_get(struct machine *m, const struct image *img, uint64_t off, void *dst, size_t n)
{
	const struct load *l = (const struct load *)img;

	(void)m;
	if (l->to)
		memcpy(dst, l->to + off, n);
	else
		memset(dst, 0, n);
}

static const struct image_store load_store = {load_put, load_get};

/* fetch.open; also when it begins anew. */
static int load_open(struct fetch *f, uint64_t total)
{
	struct load *l = f->opener;
	struct image *img = &l->image;

	l->total = total;
	l->too_large = !l->only_size && total != IMAGE_SIZE_UNKNOWN && total > l->room;
	if (l->too_large)
		return -ERR_IMAGE_MEMORY;
	image_init(img, f->name, total);
	img->state = IMAGE_FILLING;
	img->store = &load_store;
	img->capacity = l->only_size ? UINT64_MAX : l->room;
	if (l->only_size && total != IMAGE_SIZE_UNKNOWN)
		img->limit = 0;
	f->image = img;
	return 0;
}

static bool load_over(void *ctx)
{
	const struct load *l = ctx;

	return l->f->finished || (l->only_size && l->total != IMAGE_SIZE_UNKNOWN);
}

/* UEFI 24.4: whoever is on the handle may end a long call. */
static bool may_go_on(struct efi_nic *nic)
{
	EFI_PXE_BASE_CODE_CALLBACK_PROTOCOL *cb =
		nic->pxe.mode.MakeCallbacks ? nic_pxe_callback(nic) : NULL;

	return !cb || cb->Callback(cb, EFI_PXE_BASE_CODE_FUNCTION_MTFTP, FALSE, 0, NULL) !=
			      EFI_PXE_BASE_CODE_CALLBACK_STATUS_ABORT;
}

/* 0, or a negative error: that of the fetch, which always ends by itself. */
static int load_run(struct efi_nic *nic, struct load *l, const char *uri)
{
	struct machine *m = nic->dev->net->m;
	int rc = fetch_start(m, uri, "pxe", NULL, &l->f);

	if (rc)
		return rc;
	l->f->open = load_open;
	l->f->opener = l;
	do {
		if (!may_go_on(nic)) {
			fetch_cancel(l->f);
			return -ERR_CANCELLED;
		}
	} while (!efi_wait(load_over, l, m->now_us + ASK_US));
	/* All bytes count, not what type of image they would be. */
	rc = l->f->finished && !image_complete(&l->image) ? l->f->result : 0;
	if (!rc)
		l->total = l->image.total;
	fetch_cancel(l->f);
	return rc;
}

/* -- what went wrong ------------------------------------------------------------------- */

/* What a TFTP server, or another, has said: RFC 1350, appendix. -1: nothing. */
static int tftp_code(int rc)
{
	static const struct {
		uint16_t err, code;
	} rows[] = {
		{ERR_TFTP_NOT_FOUND, 1},
		{ERR_HTTP_NOT_FOUND, 1},
		{ERR_TFTP_ACCESS, 2},
		{ERR_HTTP_LOGIN, 2},
		{ERR_HTTP_STATUS, 0},
		{ERR_TFTP_ERROR, 0},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].err == -rc)
			return rows[i].code;
	return -1;
}

static EFI_STATUS load_status(struct efi_nic *nic, int rc)
{
	EFI_PXE_BASE_CODE_MODE *mode = &nic->pxe.mode;
	const struct err_report *err = &nic->dev->net->m->err;
	int code = tftp_code(rc);

	if (code >= 0) {
		mode->TftpErrorReceived = TRUE;
		mode->TftpError.ErrorCode = (UINT8)code;
		str_copy((char *)mode->TftpError.ErrorString, sizeof(mode->TftpError.ErrorString),
			err->code == -rc ? err->detail : err_text(rc));
		return EFI_TFTP_ERROR;
	}
	switch (-rc) {
	case 0:
		return EFI_SUCCESS;
	case ERR_CANCELLED:
		return EFI_ABORTED;
	case ERR_BAD_URL:
	case ERR_NO_SCHEME:
		return EFI_INVALID_PARAMETER;
	case ERR_IMAGE_MEMORY:
		return EFI_BUFFER_TOO_SMALL;
	case ERR_TFTP_TIMEOUT:
	case ERR_HTTP_TIMEOUT:
	case ERR_TCP_TIMEOUT:
	case ERR_TCP_CONNECT:
	case ERR_ARP_TIMEOUT:
	case ERR_DNS_TIMEOUT:
		return EFI_TIMEOUT;
	default:
		return EFI_DEVICE_ERROR;
	}
}

/* -- the call -------------------------------------------------------------------------- */

static EFI_STATUS read_file(struct efi_nic *nic, struct load *l, const EFI_IP_ADDRESS *server,
	const UINT8 *name, UINT64 *size)
{
	struct ip_addr ip = ip4_of(nic_get_ip(server));
	char text[IP_STR_MAX], uri[URL_MAX];
	int rc;

	rc = url_resolve("", ip_str(&ip, text), (const char *)name, uri);
	if (!rc)
		rc = load_run(nic, l, uri);
	if (!rc || l->too_large)
		*size = l->total;
	return load_status(nic, rc);
}

EFI_STATUS EFIAPI nic_mtftp(EFI_PXE_BASE_CODE_PROTOCOL *This,
	EFI_PXE_BASE_CODE_TFTP_OPCODE Operation, VOID *BufferPtr, BOOLEAN Overwrite,
	UINT64 *BufferSize, UINTN *BlockSize, EFI_IP_ADDRESS *ServerIp, UINT8 *Filename,
	EFI_PXE_BASE_CODE_MTFTP_INFO *Info, BOOLEAN DontUseBuffer)
{
	struct nic_call call;
	EFI_STATUS status = nic_pxe_enter(This, &call);
	bool size = Operation == EFI_PXE_BASE_CODE_TFTP_GET_FILE_SIZE;
	struct load l = {
		.image.total = IMAGE_SIZE_UNKNOWN, .total = IMAGE_SIZE_UNKNOWN, .only_size = size};

	(void)Overwrite;
	(void)Info;
	if (status)
		return status;
	if (Operation <= EFI_PXE_BASE_CODE_TFTP_FIRST ||
		Operation >= EFI_PXE_BASE_CODE_MTFTP_LAST || !BufferSize || !ServerIp ||
		!Filename || (BlockSize && *BlockSize < BLOCK_MIN))
		return nic_pxe_leave(&call, EFI_INVALID_PARAMETER);
	if (!size && (Operation != EFI_PXE_BASE_CODE_TFTP_READ_FILE || DontUseBuffer))
		return nic_pxe_leave(&call, EFI_UNSUPPORTED);
	if (!size && BufferPtr) {
		l.to = BufferPtr;
		l.room = *BufferSize;
	}
	call.nic->pxe.mode.TftpErrorReceived = FALSE;
	err_clear(call.nic->dev->net->m);
	status = read_file(call.nic, &l, ServerIp, Filename, BufferSize);
	err_clear(call.nic->dev->net->m); /* it is the payload's, not the script's */
	return nic_pxe_leave(&call, status);
}
