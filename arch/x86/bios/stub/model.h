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

/* Calls cost time, above all in emulators. */
#define MODEL_INLINE static inline __attribute__((always_inline))

#define VIEWS	  4
#define SLOTS	  (1u << 20)
#define RECENT	  (1u << 16)
#define ODDS	  (1u << 15) /* steps of the odds' logarithm, 1/128 each; even in the middle */
#define RATE	  600	     /* of a new weight; a weight's low bits are its rate, */
#define RATES	  1023	     /* the others 2^24 times a logarithm */
#define SMALL	  2048	     /* errors that teach nothing: 1/65536 */
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
	uint32_t last;	    /* four bytes, the latest on top */
	uint32_t match;	    /* index of the byte that is expected here */
	uint32_t match_len; /* how often in a row it was right, and 1; 0: none is expected */
	int32_t *view[VIEWS];	 /* weights of this byte */
	uint16_t chance[ODDS];	 /* that the bit is 1, in 1/65536 */
	uint32_t recent[RECENT]; /* index behind three bytes, by their hash */
	int32_t expected[2 * (MATCH_MAX + 1)];
	int32_t weight[SLOTS + 256];
};

/* Inside a byte; apart, so that a compiler keeps it in registers. */
struct model_bits {
	uint32_t known;	   /* the bits that are known, behind a 1 */
	uint32_t guess;	   /* the expected byte; its next bit is bit 7 */
	int32_t *expected; /* weights of a guess of 0 and of 1 */
};

/* What follows an opcode, a bit each; a row is 40h of them. */
struct model_opcodes {
	uint8_t modrm[32], imm8[32], imm32[32];
};
extern const struct model_opcodes model_opcodes;

MODEL_INLINE bool model_has(const uint8_t map[32], uint32_t opcode)
{
	return map[opcode >> 3] >> (opcode & 7) & 1;
}

/* All of *m is zero. opcodes: &model_opcodes, wherever that is */
MODEL_INLINE void model_start(struct model *m, const struct model_opcodes *opcodes)
{
	uint32_t odds = 1u << 24; /* against a 1: e^-x */

	m->opcodes = opcodes;
	for (int32_t *w = m->expected; w < m->weight + SLOTS + 256; w++)
		*w = RATE;
	for (unsigned i = ODDS / 2; i < ODDS; i++) {
		uint32_t chance = (1u << 31) / ((1u << 15) + (odds >> 9));

		chance -= chance >> 16;
		m->chance[i] = (uint16_t)chance;
		m->chance[ODDS - 1 - i] = (uint16_t)(0x10000 - chance);
		odds -= odds >> 7;
	}
}

/* Moves on behind byte c of an instruction. An operand-size prefix counts as an instruction. */
MODEL_INLINE void model_parse(struct model *m, uint32_t c)
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

MODEL_INLINE uint32_t model_mix(uint32_t hash, uint32_t value)
{
	hash = (hash + value) * 0x2f0b4c47;
	return hash ^ hash >> 15;
}

MODEL_INLINE int32_t *model_view(struct model *m, uint32_t hash)
{
	return &m->weight[hash % SLOTS];
}

/* Before byte `pos` of the image, of which the first `code` bytes are instructions. */
MODEL_INLINE struct model_bits model_byte(
	struct model *m, const uint8_t *image, uint32_t pos, uint32_t code)
{
	uint32_t last = m->last;
	uint32_t *recent = &m->recent[(last >> 8) * 0x9e3779b1 >> 16];
	uint32_t hash;

	if (pos >= code) { /* bytes before the last stand in */
		m->field = DATA;
		m->opcode = last >> 16 & 0xff;
		m->previous = last >> 8;
	}
	hash = model_mix(m->field << 3 | m->index, 1);
	m->view[0] = model_view(m, hash);
	m->view[1] = model_view(m, model_mix(hash, last >> 24));
	hash = model_mix(hash, m->opcode | 0x8000);
	m->view[2] = model_view(m, model_mix(hash, m->previous));
	m->view[3] = model_view(m, model_mix(hash, (last >> 16 & 0xff) | 0x8000));
	if (!m->match_len && *recent) {
		m->match = *recent;
		m->match_len = 1;
	}
	*recent = pos;
	return (struct model_bits){
		.known = 1,
		.guess = m->match_len ? image[m->match] : 0,
		.expected = &m->expected[m->match_len * 2],
	};
}

/* The chance that the next bit is 1, in 1/65536, never 0. */
MODEL_INLINE uint32_t model_chance(const struct model *m, const struct model_bits *b)
{
	uint32_t sum = (uint32_t)b->expected[b->guess >> 7 & 1];

	sum += (uint32_t)m->view[0][b->known];
	sum += (uint32_t)m->view[1][b->known];
	sum += (uint32_t)m->view[2][b->known];
	sum += (uint32_t)m->view[3][b->known];
	return m->chance[((int32_t)sum >> 17) + (int32_t)ODDS / 2];
}

MODEL_INLINE void model_move(int32_t *weight, int32_t error)
{
	int32_t rate = *weight & RATES;

	*weight += (error * rate & ~RATES) - (rate >> 6);
}

/* The bit was `bit`, predicted with `chance`. */
MODEL_INLINE void model_learn(struct model *m, struct model_bits *b, uint32_t chance, uint32_t bit)
{
	int32_t error = (int32_t)(bit << 16) - (int32_t)chance;
	int32_t step = error >> 2;
	uint32_t guess = b->guess >> 7 & 1;

	if (error >= SMALL || error <= -SMALL) {
		model_move(m->view[0] + b->known, step);
		model_move(m->view[1] + b->known, step);
		model_move(m->view[2] + b->known, step);
		model_move(m->view[3] + b->known, step);
		model_move(b->expected + guess, step);
	}
	if (guess != bit) {
		m->match_len = 0;
		b->expected = m->expected;
	}
	b->guess <<= 1;
	b->known = b->known << 1 | bit;
}

/* The byte is complete. */
MODEL_INLINE void model_next(struct model *m, uint32_t byte)
{
	if (m->match_len) {
		m->match++;
		if (m->match_len < MATCH_MAX)
			m->match_len++;
	}
	m->last = m->last >> 8 | byte << 24;
	if (m->field != DATA)
		model_parse(m, byte);
}

#endif
