/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The compression of UEFI (2.10, chapter 19), for drivers in option ROMs: LZ77 with a window of
 * 8 KiB, and Huffman codes of each block.
 *
 *	efipack <image >packed
 *
 * Matches are chosen by what they cost, in a few rounds: the codes of one round are the prices of
 * the next. What was made is unpacked before it is believed. The result depends on the input alone.
 * Limit: 16 MiB.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (16u << 20)
#define WINDOW	  8192u
#define MATCH_MIN 3u
#define MATCH_MAX 256u
#define CHARS	  510u /* bytes, then the lengths */
#define PLACES	  14u  /* how many bits a distance has */
#define EXTRAS	  19u  /* of the code that lengths of codes are written in */
#define CODE_MAX  16u
#define BLOCK	  16384u /* tokens; to choose it with care gains 0.6 % for twenty times the work */
#define ROUNDS	  4

struct token {
	uint16_t length, distance; /* length 1: a byte as it is */
};

/* A code: how many bits each symbol has, and which. A lone symbol has none. */
struct code {
	uint8_t length[CHARS];
	uint16_t bits[CHARS];
	unsigned used, lone;
};

struct codes {
	struct code chars, places;
};

struct bits {
	uint8_t *out;
	size_t count;
};

static void *zeroed(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p) {
		fprintf(stderr, "efipack: out of memory\n");
		exit(1);
	}
	return p;
}

static void put(struct bits *b, uint32_t value, unsigned n)
{
	for (unsigned i = n; i-- > 0;) {
		size_t at = b->count + n - 1 - i;

		b->out[at / 8] |= (uint8_t)((value >> i & 1) << (7 - at % 8));
	}
	b->count += n;
}

static unsigned bits_of(unsigned v)
{
	unsigned n = 0;

	for (; v; v >>= 1)
		n++;
	return n;
}

/* -- Huffman codes -- */

struct node {
	uint32_t count;
	uint16_t symbol, parent;
};

static int by_count(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? -1 : 1;
	return x->symbol - y->symbol;
}

/* The lighter of the next leaf and the next inner node. */
static unsigned lightest(
	const struct node *nodes, unsigned *leaf, unsigned leaves, unsigned *inner, unsigned end)
{
	if (*inner == end || (*leaf < leaves && nodes[*leaf].count <= nodes[*inner].count))
		return (*leaf)++;
	return (*inner)++;
}

/* Depths of n > 1 leaves, sorted by count; the deepest. */
static unsigned depths(struct node *nodes, unsigned n, uint8_t *length)
{
	uint8_t depth[2 * CHARS];
	unsigned leaf = 0, inner = n, end = n, deepest = 0;

	while (end < 2 * n - 1) {
		unsigned a = lightest(nodes, &leaf, n, &inner, end);
		unsigned b = lightest(nodes, &leaf, n, &inner, end);

		nodes[end].count = nodes[a].count + nodes[b].count;
		nodes[a].parent = nodes[b].parent = (uint16_t)end++;
	}
	depth[end - 1] = 0;
	for (unsigned i = end - 1; i-- > 0;) {
		depth[i] = (uint8_t)(depth[nodes[i].parent] + 1);
		if (i < n)
			length[nodes[i].symbol] = depth[i];
		if (depth[i] > deepest)
			deepest = depth[i];
	}
	return deepest;
}

/* Symbols of one length have consecutive codes, shorter codes come first. */
static void assign(struct code *c, unsigned symbols)
{
	uint16_t next = 0;

	for (unsigned n = 1; n <= CODE_MAX; n++, next = (uint16_t)(next << 1))
		for (unsigned s = 0; s < symbols; s++)
			if (c->length[s] == n)
				c->bits[s] = next++;
}

static void code_make(struct code *c, const uint32_t *count, unsigned symbols)
{
	struct node nodes[2 * CHARS];
	unsigned shift = 0;

	do {
		memset(c, 0, sizeof *c);
		for (unsigned s = 0; s < symbols; s++)
			if (count[s])
				nodes[c->used++] =
					(struct node){(count[s] >> shift) + 1, (uint16_t)s, 0};
		if (c->used)
			c->lone = nodes[0].symbol;
		if (c->used < 2)
			return;
		qsort(nodes, c->used, sizeof *nodes, by_count);
		shift++; /* rounded counts make flatter trees */
	} while (depths(nodes, c->used, c->length) > CODE_MAX);
	assign(c, symbols);
}

/* -- a block's head -- */

/* UEFI 19.2.3: the lengths of a short code; behind `special` of them (0: never) zeros are
 * counted. */
static void put_lengths(
	struct bits *b, const struct code *c, unsigned n, unsigned width, unsigned special)
{
	if (c->used < 2) {
		put(b, 0, width);
		put(b, c->lone, width);
		return;
	}
	while (!c->length[n - 1])
		n--;
	put(b, n, width);
	for (unsigned i = 0; i < n;) {
		unsigned k = c->length[i++];

		if (k <= 6)
			put(b, k, 3);
		else
			put(b, (1u << (k - 3)) - 2, k - 3);
		if (i != special)
			continue;
		while (i < 6 && !c->length[i])
			i++;
		put(b, i - 3, 2);
	}
}

/* What comes next in a list of lengths: its symbol in the extra code, and a number behind it. */
struct item {
	unsigned take, symbol, more, width;
};

/* Zeros are written by the run: 1, 3 to 18, 20 and more. */
static struct item next_item(const uint8_t *length, unsigned n)
{
	unsigned zeros = 0;

	while (zeros < n && !length[zeros])
		zeros++;
	if (!zeros)
		return (struct item){1, length[0] + 2u, 0, 0};
	if (zeros < 3 || zeros == 19)
		return (struct item){1, 0, 0, 0};
	if (zeros < 19)
		return (struct item){zeros, 1, zeros - 3, 4};
	return (struct item){zeros, 2, zeros - 20, 9};
}

/* Both codes; in front of the first the extra one that its lengths are written in. */
static void put_codes(struct bits *b, const struct codes *c)
{
	uint32_t count[EXTRAS] = {0};
	struct code extra;
	unsigned n = CHARS;

	if (c->chars.used < 2) {
		extra = (struct code){.used = 0};
		put_lengths(b, &extra, EXTRAS, 5, 3);
		put_lengths(b, &c->chars, CHARS, 9, 0);
	} else {
		while (!c->chars.length[n - 1])
			n--;
		for (unsigned i = 0; i < n;) {
			struct item item = next_item(c->chars.length + i, n - i);

			count[item.symbol]++;
			i += item.take;
		}
		code_make(&extra, count, EXTRAS);
		put_lengths(b, &extra, EXTRAS, 5, 3);
		put(b, n, 9);
		for (unsigned i = 0; i < n;) {
			struct item item = next_item(c->chars.length + i, n - i);

			put(b, extra.bits[item.symbol], extra.length[item.symbol]);
			put(b, item.more, item.width);
			i += item.take;
		}
	}
	put_lengths(b, &c->places, PLACES, 4, 0);
}

/* -- a block -- */

static unsigned char_of(const struct token *t, uint8_t byte)
{
	return t->length < MATCH_MIN ? byte : t->length + 256u - MATCH_MIN;
}

/* Codes made for n tokens, of the bytes from image on; the bytes they stand for. */
static uint32_t block_codes(struct codes *c, const struct token *t, size_t n, const uint8_t *image)
{
	uint32_t chars[CHARS] = {0}, places[PLACES] = {0}, at = 0;

	for (; n; n--, at += t++->length) {
		chars[char_of(t, image[at])]++;
		if (t->length >= MATCH_MIN)
			places[bits_of(t->distance - 1u)]++;
	}
	code_make(&c->chars, chars, CHARS);
	code_make(&c->places, places, PLACES);
	return at;
}

static void put_token(struct bits *b, const struct codes *c, const struct token *t, uint8_t byte)
{
	unsigned s = char_of(t, byte), place = t->distance - 1u, n;

	put(b, c->chars.bits[s], c->chars.length[s]);
	if (t->length < MATCH_MIN)
		return;
	n = bits_of(place);
	put(b, c->places.bits[n], c->places.length[n]);
	if (n > 1)
		put(b, place & ((1u << (n - 1)) - 1), n - 1);
}

/* Into b, with codes made for it; the bytes they stand for. */
static uint32_t put_block(
	struct bits *b, struct codes *c, const struct token *t, size_t n, const uint8_t *image)
{
	uint32_t size = block_codes(c, t, n, image), at = 0;

	put(b, (uint32_t)n, 16);
	put_codes(b, c);
	for (; n; n--, at += t++->length)
		put_token(b, c, t, image[at]);
	return size;
}

/* -- which matches -- */

/* Bits of each thing, for the bytes up to `end`. */
struct prices {
	uint32_t end;
	uint8_t chars[CHARS], places[PLACES];
};

static void prices_set(struct prices *p, uint32_t end, const struct codes *c)
{
	p->end = end;
	/* What a block had no use for would need a code: a guess. */
	for (unsigned s = 0; s < CHARS; s++)
		p->chars[s] = c && c->chars.length[s] ? c->chars.length[s] : s < 256 ? 11 : 13;
	for (unsigned n = 0; n < PLACES; n++)
		p->places[n] = (uint8_t)((c && c->places.length[n] ? c->places.length[n] : 5) +
					 (n > 1 ? n - 1 : 0));
}

/* For each byte the last place before with the same three, or UINT32_MAX. */
static uint32_t *chains(const uint8_t *image, uint32_t size)
{
	uint32_t *before = zeroed(size, sizeof *before), *last = zeroed(1 << 24, sizeof *last);

	for (uint32_t i = 0; i < size; i++) {
		uint32_t *l;

		before[i] = UINT32_MAX;
		if (size - i < MATCH_MIN)
			continue;
		l = &last[image[i] << 16 | image[i + 1] << 8 | image[i + 2]];
		if (*l)
			before[i] = *l - 1;
		*l = i + 1;
	}
	free(last);
	return before;
}

struct parse {
	const uint8_t *image;
	uint32_t size, *before;
	uint64_t *cost; /* of all from there on */
	struct token *best;
};

/* The cheapest way on from byte i, when those of all behind it are known. */
static void parse_at(struct parse *a, uint32_t i, const struct prices *price)
{
	const uint8_t *s = a->image + i;
	unsigned longest = MATCH_MIN - 1, most = a->size - i < MATCH_MAX ? a->size - i : MATCH_MAX;

	a->cost[i] = price->chars[*s] + a->cost[i + 1];
	a->best[i] = (struct token){1, 0};
	for (uint32_t p = a->before[i]; p != UINT32_MAX && i - p <= WINDOW && longest < most;
		p = a->before[p]) {
		unsigned place = price->places[bits_of(i - p - 1)], n = 0;

		if (a->image[p + longest] != s[longest])
			continue;
		while (n < most && a->image[p + n] == s[n])
			n++;
		for (unsigned k = longest + 1; k <= n; k++) {
			uint64_t cost = price->chars[256 + k - MATCH_MIN] + place + a->cost[i + k];

			if (cost < a->cost[i]) {
				a->cost[i] = cost;
				a->best[i] = (struct token){(uint16_t)k, (uint16_t)(i - p)};
			}
		}
		longest = n > longest ? n : longest;
	}
}

/* Tokens for the whole; how many. */
static size_t parse(struct parse *a, const struct prices *prices, size_t blocks, struct token *t)
{
	size_t n = 0;

	a->cost[a->size] = 0;
	for (uint32_t i = a->size; i-- > 0;) {
		while (blocks > 1 && prices[blocks - 2].end > i)
			blocks--;
		parse_at(a, i, &prices[blocks - 1]);
	}
	for (uint32_t i = 0; i < a->size; i += t[n++].length)
		t[n] = a->best[i];
	return n;
}

/* -- the whole -- */

struct packer {
	struct parse parse;
	struct token *tokens;
	struct prices *prices;
	size_t blocks;
	struct bits best;
};

static void packer_start(struct packer *k, const uint8_t *image, uint32_t size)
{
	*k = (struct packer){.parse = {.image = image, .size = size}, .blocks = 1};
	k->parse.before = chains(image, size);
	k->parse.cost = zeroed(size + 1u, sizeof *k->parse.cost);
	k->parse.best = zeroed(size, sizeof *k->parse.best);
	k->tokens = zeroed(size, sizeof *k->tokens);
	k->prices = zeroed(size / BLOCK + 1, sizeof *k->prices);
	prices_set(k->prices, size, NULL);
}

/* Kept when it is the smallest so far; leaves the prices for the next. */
static void packer_round(struct packer *k)
{
	const uint8_t *image = k->parse.image;
	size_t left = parse(&k->parse, k->prices, k->blocks, k->tokens);
	struct bits b = {zeroed(2 * k->parse.size + 4096u, 1), 0};
	uint32_t at = 0;

	k->blocks = 0;
	for (const struct token *t = k->tokens; left;) {
		size_t n = left < BLOCK ? left : BLOCK;
		struct codes c;

		at += put_block(&b, &c, t, n, image + at);
		prices_set(&k->prices[k->blocks++], at, &c);
		t += n;
		left -= n;
	}
	if (k->best.out && k->best.count <= b.count) {
		free(b.out);
		return;
	}
	free(k->best.out);
	k->best = b;
}

/* -- and back -- */

struct reader {
	const uint8_t *in;
	size_t at, bits;
};

static uint32_t get(struct reader *r, unsigned n)
{
	uint32_t v = 0;

	for (; n--; r->at++)
		v = v << 1 |
		    (r->at < r->bits ? (unsigned)r->in[r->at / 8] >> (7 - r->at % 8) & 1 : 0);
	return v;
}

static unsigned get_symbol(struct reader *r, const struct code *c, unsigned symbols)
{
	uint32_t v = 0;

	for (unsigned n = 1; n <= CODE_MAX && c->used > 1; n++) {
		v = v << 1 | get(r, 1);
		for (unsigned s = 0; s < symbols; s++)
			if (c->length[s] == n && c->bits[s] == v)
				return s;
	}
	return c->lone;
}

static void get_lengths(
	struct reader *r, struct code *c, unsigned symbols, unsigned width, unsigned special)
{
	unsigned n = get(r, width), i = 0;

	*c = (struct code){.used = n};
	if (!n)
		c->lone = get(r, width);
	while (i < n && i < symbols) {
		unsigned k = get(r, 3);

		while (k >= 7 && get(r, 1))
			k++;
		c->length[i++] = (uint8_t)k;
		if (i == special)
			i += get(r, 2);
	}
	if (n)
		c->used = 2;
	assign(c, symbols);
}

static void get_codes(struct reader *r, struct codes *c)
{
	static const uint8_t width[] = {0, 4, 9}, base[] = {1, 3, 20};
	struct code extra;
	unsigned n;

	get_lengths(r, &extra, EXTRAS, 5, 3);
	n = get(r, 9);
	c->chars = (struct code){.used = n ? 2 : 0};
	if (!n)
		c->chars.lone = get(r, 9);
	for (unsigned i = 0; i < n && i < CHARS;) {
		unsigned s = get_symbol(r, &extra, EXTRAS);

		if (s < 3)
			i += base[s] + get(r, width[s]);
		else
			c->chars.length[i++] = (uint8_t)(s - 2);
	}
	assign(&c->chars, CHARS);
	get_lengths(r, &c->places, PLACES, 4, 0);
}

/* Whether these bits stand for that image. */
static bool unpacks_to(const struct bits *b, const uint8_t *image, uint32_t size)
{
	struct reader r = {b->out, 0, b->count};
	struct codes c;
	uint32_t left = 0;

	for (uint32_t at = 0; at < size; left--) {
		unsigned s, length, bits, distance;

		if (!left) {
			left = get(&r, 16);
			get_codes(&r, &c);
		}
		s = get_symbol(&r, &c.chars, CHARS);
		if (s < 256) {
			if (image[at++] != s)
				return false;
			continue;
		}
		length = s - 256 + MATCH_MIN;
		bits = get_symbol(&r, &c.places, PLACES);
		distance = 1 + (bits < 2 ? bits : 1u << (bits - 1) | get(&r, bits - 1));
		if (distance > at || length > size - at ||
			memcmp(image + at, image + at - distance, length))
			return false;
		at += length;
	}
	return r.at == r.bits && left == 0;
}

static bool write_u32(uint32_t v)
{
	uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};

	return fwrite(b, 1, sizeof b, stdout) == sizeof b;
}

int main(void)
{
	uint8_t *image = zeroed(INPUT_MAX + 1, 1);
	uint32_t size = (uint32_t)fread(image, 1, INPUT_MAX + 1, stdin);
	struct packer k;
	size_t n;

	if (!size || size > INPUT_MAX) {
		fprintf(stderr, "efipack: between one byte and 16 MiB, please\n");
		return 1;
	}
	packer_start(&k, image, size);
	for (int i = 0; i < ROUNDS; i++)
		packer_round(&k);
	if (!unpacks_to(&k.best, image, size)) {
		fprintf(stderr, "efipack: cannot be unpacked\n");
		return 1;
	}
	n = (k.best.count + 7) / 8 + 1; /* a zero byte ends it, as in the specification's program */
	return !write_u32((uint32_t)n) || !write_u32(size) ||
	       fwrite(k.best.out, 1, n, stdout) != n || fflush(stdout);
}
