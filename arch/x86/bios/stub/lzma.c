/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The LZMA SDK's decoder (Debian's lzma-dev), reduced to its inner loop: the whole stream and room
 * for the whole output are in memory, so nothing of what it can do piecemeal is needed. Including
 * the source lets the compiler drop that: 3 KiB of the ROM.
 */
#include "lzma.h"
#include <LzmaDec.c>

bool lzma_decode(void *dst, uint32_t size, const void *src, uint32_t packed, const uint8_t props[5],
	void *work)
{
	CLzmaDec d;

	LzmaDec_Construct(&d);
	if (LzmaProps_Decode(&d.prop, props, 5) != SZ_OK)
		return false;
	d.probs = work;
	d.dic = dst;
	d.dicBufSize = size;
	LzmaDec_Init(&d);
	LzmaDec_InitRc(&d, src);
	LzmaDec_InitStateReal(&d);
	d.dicPos = 0;
	d.buf = (const Byte *)src + RC_INIT_SIZE;
	/* The range coder reads a few bytes ahead of what it needs: they are padding, see romtool.
	 */
	return LzmaDec_DecodeReal2(&d, size, (const Byte *)src + packed + LZMA_PADDING) == 0 &&
	       d.dicPos == size;
}
