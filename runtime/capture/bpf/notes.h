/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What an event says beyond the schema (vm/notes.h): written behind its last
 * parameter, after which it gets no more of those.
 */
#ifndef SK_CAPTURE_BPF_NOTES_H
#define SK_CAPTURE_BPF_NOTES_H

#include "runtime/capture/bpf/event.h"

/* The head of a note whose `length` bytes stand behind it already. */
static __always_inline void sk_note_end(struct sk_scratch *scratch, __u8 kind, __u8 parameter, __u32 length)
{
	__u8 *head = sk_event_place(scratch);

	head[0] = kind;
	head[1] = parameter;
	*(__u16 *)(head + 2) = length;
	scratch->offset = sk_forget(scratch->offset) + 4 + length;
}

/* Where the bytes of the note go that sk_note_end() will complete: at most SK_TEXT_LIMIT. */
static __always_inline __u8 *sk_note_place(struct sk_scratch *scratch)
{
	return sk_event_place(scratch) + 4;
}

static __always_inline void sk_note_u8(struct sk_scratch *scratch, __u8 kind, __u8 parameter, __u8 value)
{
	sk_notes_begin(scratch);
	*sk_note_place(scratch) = value;
	sk_note_end(scratch, kind, parameter, 1);
}

/* A string of this CPU's own memory, with its NUL. */
static __always_inline void sk_note_text(struct sk_scratch *scratch, __u8 kind, __u8 parameter, const void *text)
{
	long size;

	sk_notes_begin(scratch);
	size = bpf_probe_read_kernel_str(sk_note_place(scratch), SK_TEXT_LIMIT, text);
	sk_note_end(scratch, kind, parameter, size > 0 ? size : 0);
}

#endif
