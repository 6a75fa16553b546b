/* SPDX-License-Identifier: BSD-2-Clause */
/* See nbp.h. */
#include "core/nbp.h"
#include "core/machine.h"

#define LOAD_ADDRESS 0x7c00u

/* What base memory holds from the load address on; 0 when the map has none there. */
static uint64_t room(const struct machine *m)
{
	for (unsigned i = 0; i < m->mem.nfirmware; i++) {
		const struct mem_range *r = &m->mem.firmware[i];

		if (r->type == MEM_RAM && r->start <= LOAD_ADDRESS && r->end > LOAD_ADDRESS)
			return (r->end < MEM_LOW ? r->end : MEM_LOW) - LOAD_ADDRESS;
	}
	return 0;
}

static int nbp_probe(struct machine *m, const struct image *img)
{
	uint8_t head[16] = {0};
	size_t n = img->total < sizeof(head) ? (size_t)img->total : sizeof(head), text = 0;
	const char *what = NULL;

	image_get(m, img, 0, head, n);
	while (text < n && ((head[text] >= ' ' && head[text] < 0x7f) ||
				   (head[text] >= '\t' && head[text] <= '\r')))
		text++;
	if (text == n)
		what = "text";
	else if (!memcmp(head, "MZ", 2))
		what = "a UEFI program";
	else if (!memcmp(head,
			 "\x7f"
			 "ELF",
			 4) ||
		 !memcmp(head, "\x1f\x8b", 2))
		what = "ELF or gzip";
	else if (img->total > room(m))
		what = "too large";
	else
		return 0;
	return err_set(m, ERR_IMAGE_TYPE, "%s: %s", img->name, what);
}

static int nbp_prepare(struct machine *m, struct image *img, struct boot_request *req)
{
	if (img->state != IMAGE_READY)
		return err_set(m, ERR_IMAGE_INCOMPLETE, "%s", img->name);
	memset(req, 0, sizeof(*req));
	req->payload_start = img->base;
	req->payload_size = (uint32_t)img->total;
	str_copy(req->uri, sizeof(req->uri), img->uri);
	req->kind = BOOT_NBP;
	image_free(m, img);
	return 0;
}

const struct image_type nbp_type = {
	.name = "nbp",
	.probe = nbp_probe,
	.prepare = nbp_prepare,
	.guess = true,
};
