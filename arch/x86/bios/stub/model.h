/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the packer and the unpacker both believe about the next bit of the image: the packer spends
 * -log2 of that belief on it, so the two must agree to the last digit. Integers only.
 *
 * Each bit is predicted from VIEWS + 1 views of what came before. A view, with those bits of the
 * byte that are known, selects a weight by a hash; collisions only cost size. The sum of the
 * weights is the logarithm of the odds that the bit is 1: a logistic regression, learned on the
 * way. When the bit is known, each weight moves by the error times its own rate, which falls with
 * use.
 *
 * The views are good at code because they know where in an instruction the byte stands: model_parse
 * follows opcode, ModRM, SIB, displacement and immediate (Intel SDM volume 2, chapter 2 and
 * appendix A). It knows what gcc makes of the firmware, 32-bit integer code; in other code it loses
 * its way, which again only costs size. The last view is the byte that followed the same four the
 * last time.
 */
#ifndef STUB_MODEL_H
#define STUB_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIEWS  4
#define SLOTS  (1u << 20)
#define RECENT (1u << 16)
#define ODDS                                                                                       \
	4096 /* steps of the logarithm of the odds, 1/128 each; in the middle they are even        \
	      */
#define RATE	  600  /* a new weight's rate; its low bits say how much of that is spent, */
#define SPENT	  1023 /* the others are 2^24 times a logarithm */
#define MATCH_MAX 15

enum field { OPCODE, OPCODE2, MODRM, SIB, DISP, IMM, DATA };

struct model {
	const struct model_opcodes *opcodes;
	uint32_t opcode;    /* of this instruction, 100h more behind 0Fh; 0 before it is known */
	uint32_t previous;  /* opcode of the last instruction */
	uint32_t field;	    /* what the next byte is */
	uint32_t index;	    /* of the next byte in its field */
	uint32_t left;	    /* bytes to come of the field; in SIB, of the displacement behind it */
	uint32_t imm;	    /* bytes of the immediate at the instruction's end */
	uint32_t partial;   /* the bits of this byte that are known, behind a 1 */
	uint32_t match;	    /* index of the byte that is expected here */
	uint32_t match_len; /* how often in a row it was right, and 1; 0: none is expected */
	uint32_t expect;    /* its next bit is bit 7 */
	uint32_t hash[VIEWS];
	int32_t *used[VIEWS + 1]; /* the weights of this bit */
	uint16_t chance[ODDS];	  /* that the bit is 1, in 1/65536 */
	uint32_t recent[RECENT];  /* index behind four bytes, by their hash */
	int32_t expected[2 * (MATCH_MAX + 1)];
	int32_t weight[SLOTS];
};

/* What follows an opcode, a bit each; a row is 40h of them. */
struct model_opcodes {
	uint8_t modrm[32], imm8[32], imm32[32];
};
extern const struct model_opcodes model_opcodes;

static inline bool model_has(const uint8_t map[32], uint32_t opcode)
{
	return map[opcode >> 3] >> (opcode & 7) & 1;
}

/* All of *m is zero. opcodes: &model_opcodes, wherever that is */
static inline void model_start(struct model *m, const struct model_opcodes *opcodes)
{
	uint32_t odds = 1u << 24; /* against a 1: e^-x */

	m->opcodes = opcodes;
	for (unsigned i = ODDS / 2; i < ODDS; i++) {
		uint32_t chance = (1u << 31) / ((1u << 15) + (odds >> 9));

		chance -= chance >> 16;
		m->chance[i] = (uint16_t)chance;
		m->chance[ODDS - 1 - i] = (uint16_t)(0x10000 - chance);
		odds -= odds >> 7;
	}
}

/* Moves on behind byte c of an instruction. An operand-size prefix counts as an instruction. */
static inline void model_parse(struct model *m, uint32_t c)
{
	uint32_t imm32 = m->previous == 0x66 ? 2 : 4;
	uint32_t disp = 0;

	m->index++;
	switch (m->field) {
	case OPCODE:
		m->opcode = c;
		m->imm = 0;
		if (model_has(m->opcodes->imm8, c))
			m->imm = 1;
		if (model_has(m->opcodes->imm32, c))
			m->imm = imm32;
		m->field = c == 0x0f ? OPCODE2 : MODRM;
		if (c == 0x0f || model_has(m->opcodes->modrm, c))
			goto next;
		break;
	case OPCODE2:
		m->opcode = c | 0x100;
		m->field = MODRM;
		m->imm = 4;
		if ((c & 0xf0) == 0x80) /* Jcc */
			break;
		m->imm = c == 0xba || (c & 0xf7) == 0xa4; /* BT, SHLD, SHRD */
		goto next;
	case MODRM:
		if ((m->opcode & 0xfe) == 0xf6 && !(c & 0x38)) /* TEST */
			m->imm = m->opcode & 1 ? imm32 : 1;
		if (c >= 0xc0)
			break;
		disp = c >> 6;
		if (disp == 2 || (c & 0xc7) == 5)
			disp = 4;
		if ((c & 7) != 4)
			break;
		m->left = disp;
		m->field = SIB;
		goto next;
	case SIB:
		disp = m->left;
		if (!disp && (c & 7) == 5)
			disp = 4;
		break;
	default:
		if (--m->left)
			return;
	}
	if (disp) {
		m->field = DISP;
		m->left = disp;
	} else if (m->imm) {
		m->field = IMM;
		m->left = m->imm;
		m->imm = 0;
	} else {
		m->field = OPCODE;
		m->previous = m->opcode;
		m->opcode = 0;
	}
next:
	m->index = 0;
}

static inline uint32_t model_mix(uint32_t hash, uint32_t value)
{
	hash = (hash + value) * 0x2f0b4c47;
	return hash ^ hash >> 15;
}

/* Before byte `pos` of the image, of which the first `code` bytes are instructions. */
static inline void model_byte(struct model *m, const uint8_t *image, uint32_t pos, uint32_t code)
{
	uint32_t last = 0; /* four bytes, the latest on top */
	uint32_t hash;

	for (uint32_t i = pos < 4 ? 0 : pos - 4; i < pos; i++)
		last = last >> 8 | (uint32_t)image[i] << 24;
	if (pos >= code) { /* bytes before the last stand in */
		m->field = DATA;
		m->opcode = last >> 16 & 0xff;
		m->previous = last >> 8;
	}
	hash = model_mix(m->field << 3 | m->index, 1);
	m->hash[0] = hash;
	m->hash[1] = model_mix(hash, last >> 24);
	hash = model_mix(hash, m->opcode | 0x8000);
	m->hash[2] = model_mix(hash, m->previous);
	m->hash[3] = model_mix(hash, (last >> 16 & 0xff) | 0x8000);
	last = last * 0x9e3779b1 >> 16;
	if (!m->match_len && m->recent[last]) {
		m->match = m->recent[last];
		m->match_len = 1;
	}
	m->recent[last] = pos;
	m->expect = image[m->match];
	m->partial = 1;
}

/* The chance that the next bit is 1, in 1/65536, never 0. */
static inline uint32_t model_chance(struct model *m)
{
	uint32_t which = m->match_len * 2;
	uint32_t sum;
	int32_t odds;

	if (which)
		which += m->expect >> 7 & 1;
	m->used[VIEWS] = &m->expected[which];
	sum = (uint32_t)m->expected[which];
	for (unsigned i = 0; i < VIEWS; i++) {
		int32_t *weight = &m->weight[(m->hash[i] + m->partial) % SLOTS];

		m->used[i] = weight;
		sum += (uint32_t)*weight;
	}
	odds = ((int32_t)sum >> 17) + ODDS / 2;
	if (odds < 0)
		odds = 0;
	if (odds >= ODDS)
		odds = ODDS - 1;
	return m->chance[odds];
}

/* The bit was `bit`, predicted with `chance`. */
static inline void model_learn(struct model *m, uint32_t chance, uint32_t bit)
{
	int32_t error = (int32_t)(bit << 16) - (int32_t)chance;

	for (unsigned i = 0; i <= VIEWS; i++) {
		int32_t *weight = m->used[i];
		int32_t rate = RATE - (*weight & SPENT);

		*weight += ((error * rate >> 2) & ~SPENT) + (rate >> 6);
	}
	if ((m->expect >> 7 & 1) != bit)
		m->match_len = 0;
	m->expect <<= 1;
	m->partial = m->partial << 1 | bit;
}

/* The byte is complete: m->partial, with a 1 before it. */
static inline void model_next(struct model *m)
{
	if (m->match_len) {
		m->match++;
		if (m->match_len < MATCH_MAX)
			m->match_len++;
	}
	if (m->field != DATA)
		model_parse(m, m->partial & 0xff);
}

#endif
