/* SPDX-License-Identifier: Apache-2.0 */
/* saker events: what evt.type can be, and the parameters of each. */
#include <string.h>

#include "cli/command.h"
#include "vm/schema/schema.h"

static bool wanted(const char *name, const struct sk_command_line *line)
{
	for (int i = 0; i < line->argc; i++) {
		if (strcmp(name, line->argv[i]) == 0)
			return true;
	}
	return line->argc == 0;
}

static void print_event(const struct sk_event_info *info, struct sk_buffer *text)
{
	sk_buffer_printf(text, "%s%s(", info->direction == SK_DIRECTION_ENTER ? "> " : "", info->name);
	for (unsigned i = 0; i < info->nparams; i++)
		sk_buffer_printf(text, "%s%s %s", i ? ", " : "", sk_param_types[info->params[i].type].name,
				 info->params[i].name);
	sk_buffer_append_text(text, ")\n");
}

/* True if a system call has no event of its own. */
static bool is_generic(const struct sk_syscall_info *call)
{
	return call->exit_event == SK_EVENT_GENERIC_X && !sk_event_name_exists(call->name, strlen(call->name));
}

static int run(struct sk_command_line *line)
{
	struct sk_buffer text = {0};
	int status;

	while (sk_command_line_next(line) != -1)
		;
	if (line->failed)
		return SK_EXIT_USAGE;
	for (unsigned i = 2; i < SK_EVENT_COUNT; i++) {
		const struct sk_event_info *info = &sk_events[i];

		if (!(info->flags & (SK_EVENT_FLAG_UNUSED | SK_EVENT_FLAG_OLD_VERSION)) &&
		    !(info->category & SK_CATEGORY_ITER) && wanted(info->name, line))
			print_event(info, &text);
	}
	for (size_t i = 0; i < sk_syscall_count; i++) {
		if (is_generic(&sk_syscalls[i]) && wanted(sk_syscalls[i].name, line))
			sk_buffer_printf(&text, "%s(SYSCALLID ID, UINT16 nativeID)\n", sk_syscalls[i].name);
	}
	if (!text.length && !text.failed)
		status = sk_fail(SK_EXIT_USAGE, "there is no event of that name");
	else
		status = sk_print(&text);
	sk_buffer_release(&text);
	return status;
}

const struct sk_command sk_command_events = {
	.name = "events",
	.arguments = "[NAME]...",
	.summary = "list the event types and their parameters",
	.description =
		"Lists what evt.type can be, each with the parameters that evt.arg.NAME reads; with a NAME, those "
		"of "
		"that name. `>` marks events taken where a system call begins; all others are taken where it ends.",
	.options = (const struct sk_option[]){{0}},
	.example = "  saker events openat connect\n",
	.run = run,
};
