/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random packs, written as carelessly as YAML allows: random indentation,
 * quotes, block scalars, brackets, keys in any order, blank lines, and a
 * comment wherever there may be one.  All of them compile; their layout must
 * compile to the same, keep every comment, and be stable.
 *
 * SK_SEED and SK_PACKS choose others and more of them.
 */
#include <stdarg.h>

#include "tests/unit/format/formatting.h"

struct random_pack {
	uint64_t state;
	struct sk_buffer text;
	unsigned comments;
	bool sparse; /* few comments */
};

static uint32_t pick(struct random_pack *pack, uint32_t count)
{
	pack->state += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t mixed = (pack->state ^ (pack->state >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);

	mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((mixed ^ (mixed >> 31)) % count);
}

static bool chance(struct random_pack *pack, uint32_t of)
{
	return pick(pack, of) == 0;
}

static const char *one_of(struct random_pack *pack, const char *const *words, uint32_t count)
{
	return words[pick(pack, count)];
}
#define ONE_OF(pack, words) one_of(pack, words, sizeof(words) / sizeof(*(words)))

static void put(struct random_pack *pack, const char *text)
{
	sk_buffer_append_text(&pack->text, text);
}

static void put_blanks(struct random_pack *pack, uint32_t most)
{
	for (uint32_t i = pick(pack, most + 1); i; i--)
		put(pack, " ");
}

static void put_comment(struct random_pack *pack)
{
	static const char *const texts[] = {"#", "# why", "#: [x", "# - rule: 'y", "# caf\xc3\xa9 \"", "## {"};

	sk_buffer_printf(&pack->text, "%s %u", ONE_OF(pack, texts), ++pack->comments);
	put_blanks(pack, 2);
}

/* Ends a line, perhaps behind a comment, perhaps with others below it. */
static void end_line(struct random_pack *pack)
{
	uint32_t of = pack->sparse ? 40 : 6;

	if (chance(pack, of)) {
		put(pack, " ");
		put_blanks(pack, 3);
		put_comment(pack);
	}
	put(pack, "\n");
	while (chance(pack, of)) {
		if (chance(pack, 2))
			put(pack, "\n");
		put_blanks(pack, 9);
		put_comment(pack);
		put(pack, "\n");
	}
	if (chance(pack, of))
		put(pack, chance(pack, 2) ? "\n" : "  \n\n\n");
}

static void put_indent(struct random_pack *pack, uint32_t indent)
{
	sk_buffer_printf(&pack->text, "%*s", (int)indent, "");
}

/* --- conditions -------------------------------------------------------- */

static const char *gap(struct random_pack *pack, bool needed)
{
	static const char *const gaps[] = {" ", "  ", "\n", " \n  ", "\n\n"};

	if (!needed && chance(pack, 2))
		return "";
	return chance(pack, 3) ? ONE_OF(pack, gaps) : " ";
}

static void put_list(struct random_pack *pack, struct sk_buffer *out)
{
	static const char *const values[] = {"cat",     "/etc/shadow", "\"a b\"", "'c (d'", "words",
					     "\"x,y\"", "10-dpkg",     "empty",   "sshd",   "/usr/local/sbin/tool"};
	uint32_t count = 1 + pick(pack, chance(pack, 4) ? 30 : 4);

	sk_buffer_append_text(out, "(");
	for (uint32_t i = 0; i < count; i++)
		sk_buffer_printf(out, "%s%s%s%s", i ? "," : "", gap(pack, false),
				 i ? ONE_OF(pack, values) : "first", gap(pack, false));
	sk_buffer_append_text(out, ")");
}

static void put_check(struct random_pack *pack, struct sk_buffer *out)
{
	static const char *const fields[] = {"proc.name", "proc.aname[2]", "fd.name", "tolower(proc.cmdline)",
					     "proc.pname"};
	static const char *const operators[] = {"=", "!=", "contains", "startswith", "endswith", "icontains"};
	static const char *const values[] = {"cat", "\"a  b: c #d\"", "'x y'", "/etc/passwd", "caf\xc3\xa9"};
	const char *operator;

	switch (pick(pack, 7)) {
	case 0:
		sk_buffer_printf(out, "fd.num%s>=%s%u", gap(pack, false), gap(pack, false), pick(pack, 100));
		break;
	case 1:
		sk_buffer_printf(out, "%s exists", ONE_OF(pack, fields));
		break;
	case 2:
		sk_buffer_append_text(out, "started");
		break;
	case 3:
	case 4:
		sk_buffer_printf(out, "%s in%s", ONE_OF(pack, fields), gap(pack, false));
		put_list(pack, out);
		break;
	default:
		operator= ONE_OF(pack, operators);
		sk_buffer_printf(out, "%s%s%s%s%s", ONE_OF(pack, fields), gap(pack, strlen(operator) > 2), operator,
				 gap(pack, strlen(operator) > 2), ONE_OF(pack, values));
		break;
	}
}

static void put_expression(struct random_pack *pack, struct sk_buffer *out, uint32_t depth)
{
	uint32_t count = 1 + pick(pack, 4);

	for (uint32_t i = 0; i < count; i++) {
		if (i)
			sk_buffer_printf(out, "%s%s%s", gap(pack, true), chance(pack, 2) ? "and" : "or",
					 gap(pack, true));
		while (chance(pack, 5))
			sk_buffer_printf(out, "not%s", gap(pack, true));
		if (depth && chance(pack, 3)) {
			sk_buffer_printf(out, "(%s", gap(pack, false));
			put_expression(pack, out, depth - 1);
			sk_buffer_printf(out, "%s)", gap(pack, false));
		} else {
			put_check(pack, out);
		}
	}
}

/* --- scalars ----------------------------------------------------------- */

/* Text in quotes on one line; line breaks become blanks. */
static void put_quoted(struct random_pack *pack, const char *text)
{
	bool single = chance(pack, 2);

	put(pack, single ? "'" : "\"");
	for (; *text; text++) {
		if (single && *text == '\'')
			put(pack, "''");
		else if (!single && (*text == '"' || *text == '\\'))
			sk_buffer_printf(&pack->text, "\\%c", *text);
		else
			sk_buffer_append_char(&pack->text, *text == '\n' ? ' ' : *text);
	}
	put(pack, single ? "'" : "\"");
}

/* Text as a block scalar, its lines as they are. */
static void put_block(struct random_pack *pack, const char *text, uint32_t indent)
{
	static const char *const headers[] = {">", ">-", "|", "|-", ">+"};
	uint32_t deeper = indent + 1 + pick(pack, 6);

	put(pack, ONE_OF(pack, headers));
	if (chance(pack, 8)) {
		put(pack, " ");
		put_comment(pack);
	}
	put(pack, "\n");
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length) {
			/* The first line decides the indentation. */
			while (*text == ' ')
				text++, length--;
			put_indent(pack, deeper);
			sk_buffer_append(&pack->text, text, length);
		}
		put(pack, "\n");
		text += length + (text[length] == '\n');
	}
	if (chance(pack, 8))
		put(pack, "\n");
}

/* Prose without line breaks, as a value of a key. */
static void put_prose(struct random_pack *pack, uint32_t indent)
{
	static const char *const words[] = {
		"a",          "process",     "opened",  "(file=%fd.name", "user=%user.name)", "it's",
		"\"quoted\"", "caf\xc3\xa9", "no: yes", "b #c",           "back\\slash",      "%proc.cmdline"};
	struct sk_buffer text = {0};
	uint32_t count = 1 + pick(pack, chance(pack, 2) ? 60 : 6);

	sk_buffer_append_text(&text, "Text");
	for (uint32_t i = 0; i < count; i++)
		sk_buffer_printf(&text, "%s%s", chance(pack, 12) ? "  " : " ", ONE_OF(pack, words));
	if (chance(pack, 3)) {
		put_quoted(pack, text.bytes);
		end_line(pack);
	} else {
		if (chance(pack, 2)) {
			for (size_t i = 0; i < text.length; i++) {
				if (text.bytes[i] == ' ' && chance(pack, 8))
					text.bytes[i] = '\n';
			}
		}
		put_block(pack, text.bytes, indent);
	}
	sk_buffer_release(&text);
}

static void put_condition(struct random_pack *pack, const char *begin, uint32_t indent)
{
	struct sk_buffer text = {0};

	sk_buffer_append_text(&text, begin);
	put_expression(pack, &text, 4);
	if (chance(pack, 3)) {
		put_quoted(pack, text.bytes);
		end_line(pack);
	} else {
		put_block(pack, text.bytes, indent);
	}
	sk_buffer_release(&text);
}

static const char *const tags[] = {"host", "'container'", "\"mitre_execution\"", "T1059", "a.b", "\"x y\"", "'no'"};

static void put_tags(struct random_pack *pack, uint32_t indent, const char *const *words, uint32_t word_count)
{
	uint32_t count = 1 + pick(pack, chance(pack, 4) ? 30 : 4);
	bool block = chance(pack, 2);

	if (block) {
		uint32_t deeper = indent + pick(pack, 5);

		end_line(pack);
		for (uint32_t i = 0; i < count; i++) {
			put_indent(pack, deeper);
			put(pack, "- ");
			put_blanks(pack, 2);
			put(pack, one_of(pack, words, word_count));
			end_line(pack);
		}
		return;
	}
	put(pack, "[");
	for (uint32_t i = 0; i < count; i++) {
		put_blanks(pack, 1);
		put(pack, one_of(pack, words, word_count));
		put_blanks(pack, 1);
		if (i + 1 < count)
			put(pack, ",");
		if (chance(pack, 6)) {
			end_line(pack);
			put_indent(pack, indent + 1 + pick(pack, 6));
		}
	}
	put(pack, "]");
	end_line(pack);
}

/* --- items ------------------------------------------------------------- */

static void put_key(struct random_pack *pack, const char *key)
{
	if (chance(pack, 8))
		sk_buffer_printf(&pack->text, "\"%s\":", key);
	else
		sk_buffer_printf(&pack->text, "%s:", key);
	put(pack, " ");
	put_blanks(pack, 2);
}

static void put_exceptions(struct random_pack *pack, uint32_t indent, unsigned number)
{
	static const char *const values[] = {"cat", "\"a b\"", "'/etc/x'", "sshd"};
	uint32_t dash = indent + pick(pack, 3), deeper = dash + 2;

	end_line(pack);
	put_indent(pack, dash);
	put(pack, "- ");
	if (chance(pack, 2)) {
		sk_buffer_printf(&pack->text, "values: [[%s, %s], ", ONE_OF(pack, values), ONE_OF(pack, values));
		if (chance(pack, 3)) {
			end_line(pack);
			put_indent(pack, deeper + 1);
		}
		sk_buffer_printf(&pack->text, "[%s, %s]]", ONE_OF(pack, values), ONE_OF(pack, values));
		end_line(pack);
		put_indent(pack, deeper);
		sk_buffer_printf(&pack->text, "name: e%u", number);
		end_line(pack);
		put_indent(pack, deeper);
		put(pack, "fields: [proc.name, fd.name]");
	} else {
		sk_buffer_printf(&pack->text, "name: e%u", number);
		end_line(pack);
		put_indent(pack, deeper);
		put(pack, "values:");
		end_line(pack);
		put_indent(pack, deeper + 1);
		sk_buffer_printf(&pack->text, "- %s", ONE_OF(pack, values));
		end_line(pack);
		put_indent(pack, deeper);
		put(pack, "fields: proc.name");
	}
	end_line(pack);
}

static void put_rule_key(struct random_pack *pack, uint32_t key, unsigned number, uint32_t indent)
{
	static const char *const priorities[] = {"INFO", "'Warning'", "\"error\"", "Debug"};

	switch (key) {
	case 0:
		put_key(pack, "rule");
		sk_buffer_printf(&pack->text, chance(pack, 2) ? "Rule %u" : "'Rule %u'", number);
		end_line(pack);
		break;
	case 1:
		put_key(pack, "desc");
		put_prose(pack, indent);
		break;
	case 2:
		put_key(pack, "condition");
		put_condition(pack, "evt.type in (open, execve) and ", indent);
		break;
	case 3:
		put_key(pack, "output");
		put_prose(pack, indent);
		break;
	case 4:
		put_key(pack, "priority");
		put(pack, ONE_OF(pack, priorities));
		end_line(pack);
		break;
	case 5:
		put_key(pack, "tags");
		put_tags(pack, indent, tags, sizeof(tags) / sizeof(*tags));
		break;
	case 6:
		put_key(pack, "enabled");
		put(pack, "true");
		end_line(pack);
		break;
	default:
		put_key(pack, "exceptions");
		put_exceptions(pack, indent, number);
		break;
	}
}

static uint32_t begin_item(struct random_pack *pack)
{
	uint32_t indent = 2 + pick(pack, 3);

	put(pack, "-");
	put_indent(pack, indent - 1);
	return indent;
}

static void put_rule(struct random_pack *pack, unsigned number)
{
	uint32_t order[] = {0, 1, 2, 3, 4, 5, 6, 7}, count = 5 + pick(pack, 4), indent = begin_item(pack);

	for (uint32_t i = count - 1; i > 0; i--) {
		uint32_t other = pick(pack, i + 1), swapped = order[i];

		order[i] = order[other];
		order[other] = swapped;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			put_indent(pack, indent);
		put_rule_key(pack, order[i], number, indent);
	}
}

static void put_items(struct random_pack *pack)
{
	static const char *const items[] = {"cat", "'grep'", "\"a b\"", "words", "/bin/x", "'\"(systemd)\"'"};
	uint32_t indent;

	if (chance(pack, 3))
		end_line(pack);
	/* `empty` and `words` before what uses them. */
	indent = begin_item(pack);
	put(pack, "list: empty");
	end_line(pack);
	put_indent(pack, indent);
	put(pack, "items: [");
	if (chance(pack, 4)) {
		put_comment(pack);
		put(pack, "\n");
	}
	put(pack, " ]");
	end_line(pack);
	indent = begin_item(pack);
	put_key(pack, "items");
	put_tags(pack, indent, items, 3);
	put_indent(pack, indent);
	put(pack, "list: words");
	end_line(pack);
	indent = begin_item(pack);
	put_key(pack, "macro");
	put(pack, "started");
	end_line(pack);
	put_indent(pack, indent);
	put_key(pack, "condition");
	put(pack, "evt.type=execve and evt.res = SUCCESS");
	end_line(pack);
	for (unsigned number = 0, count = 1 + pick(pack, 4); number < count; number++)
		put_rule(pack, number);
}

TEST(random_packs_keep_their_meaning_and_their_comments)
{
	const char *seed = getenv("SK_SEED"), *packs = getenv("SK_PACKS");
	uint64_t first = seed ? strtoull(seed, NULL, 10) : 1;
	unsigned count = packs ? (unsigned)strtoul(packs, NULL, 10) : 1500, compiled = 0, comments = 0;

	for (unsigned i = 0; i < count && !test_failures; i++) {
		struct random_pack pack = {.state = (first << 32) + i * 7919, .sparse = i % 3 == 0};
		bool compiles;

		put_items(&pack);
		CHECK_EQUAL(check_layout("a random pack", pack.text.bytes, pack.text.length, &compiles),
			    pack.comments);
		compiled += compiles;
		comments += pack.comments;
		sk_buffer_release(&pack.text);
	}
	printf("# %u packs, %u of them with a bundle, %u comments\n", count, compiled, comments);
	CHECK(compiled > count / 2);
	CHECK(comments > count);
}

TEST_MAIN(RUN(random_packs_keep_their_meaning_and_their_comments))
