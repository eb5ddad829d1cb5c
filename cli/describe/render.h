/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptions of packs in the forms that `saker describe` writes.  Each
 * appends to the buffer, and fails only without memory: then -ENOMEM.
 */
#ifndef SK_CLI_DESCRIBE_RENDER_H
#define SK_CLI_DESCRIBE_RENDER_H

#include "compiler/describe/describe.h"
#include "vm/support/buffer.h"

int sk_render_text(const struct sk_description *description, struct sk_buffer *buffer);
int sk_render_markdown(const struct sk_description *description, struct sk_buffer *buffer);
int sk_render_json(const struct sk_description *description, struct sk_buffer *buffer);

/*
 * A layer of the ATT&CK Navigator, format 4.5: of each technique that tags of
 * rules name, the number of those rules, and their names.
 */
int sk_render_navigator(const struct sk_description *description, struct sk_buffer *buffer);

#endif
