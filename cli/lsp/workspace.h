/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that the server knows, and which of them are loaded together.
 *
 *   file    open in the editor: its text is the client's
 *           otherwise: as it was on disk when it was last looked at
 *
 *   project what one compile loads, in order, as `saker lint` would be given
 *           it: the packs that the client or the command line names; else those
 *           that the nearest `.saker` file lists; else the file alone
 *
 * A `.saker` file has one path a line, of a rules file or a folder of them,
 * relative to itself; what follows a # is a comment.
 */
#ifndef SK_LSP_WORKSPACE_H
#define SK_LSP_WORKSPACE_H

#include <jansson.h>
#include <sys/stat.h>

#include "cli/lsp/position.h"
#include "vm/support/arena.h"

struct sk_lsp_index;

struct sk_lsp_file {
	char *uri;  /* the client's, of an open file */
	char *path; /* NULL: not in the file system (untitled:) */
	struct sk_lsp_text text;
	bool open;
	bool readable; /* of a file that is not open: it could be read */
	json_int_t version;
	uint64_t revision;  /* goes up whenever the text changes */
	struct stat status; /* of the file when it was read */

	struct sk_lsp_index *index; /* index.h; of the text as it was at `index_revision` */
	uint64_t index_revision;
};

struct sk_lsp_workspace {
	struct sk_lsp_file **files;
	size_t file_count, file_capacity;
	char **packs; /* absolute paths that make one project; none: see above */
	size_t pack_count;
	uint64_t next_revision;
	enum sk_lsp_encoding encoding;
};

/* Something wrong with a list of packs. */
struct sk_lsp_project_fault {
	struct sk_lsp_project_fault *next;
	uint32_t line; /* of the list, from 0 */
	const char *message;
};

/* Lives in the arena that it was made in. */
struct sk_lsp_project {
	struct sk_lsp_file **files;
	size_t count;
	const char *list; /* path of the .saker file; NULL: the packs of the client, or a file alone */
	struct sk_lsp_project_fault *faults;
};

void sk_lsp_workspace_release(struct sk_lsp_workspace *workspace);

/* Takes a copy of the packs, relative to `root` (absolute); false without memory. */
bool sk_lsp_workspace_set_packs(struct sk_lsp_workspace *workspace, const char *root, const char *const *packs,
				size_t count);

/* The file of that URI, or path, if it is known; NULL otherwise. */
struct sk_lsp_file *sk_lsp_workspace_find_uri(const struct sk_lsp_workspace *workspace, const char *uri);
struct sk_lsp_file *sk_lsp_workspace_find_path(const struct sk_lsp_workspace *workspace, const char *path);

/* Opens a file, or replaces the text of an open one; NULL without memory. */
struct sk_lsp_file *sk_lsp_workspace_open(struct sk_lsp_workspace *workspace, const char *uri, const char *bytes,
					  size_t length, json_int_t version);

/* From now on it is what is on disk. */
void sk_lsp_workspace_close(struct sk_lsp_workspace *workspace, struct sk_lsp_file *file);

/* Tells that the text of an open file was changed. */
void sk_lsp_workspace_touch(struct sk_lsp_workspace *workspace, struct sk_lsp_file *file);

/*
 * The project that a file belongs to; what is not open is looked at on disk.
 * Returns 0 or -ENOMEM.
 */
int sk_lsp_workspace_project(struct sk_lsp_workspace *workspace, struct sk_lsp_file *file, struct sk_arena *arena,
			     struct sk_lsp_project *ret_project);

#endif
