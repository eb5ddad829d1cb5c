/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lsp/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/lsp/index.h"
#include "cli/lsp/uri.h"
#include "compiler/read_file.h"
#include "compiler/yaml.h"
#include "vm/support/alloc.h"

enum {
	LIST_SIZE_LIMIT = 1024 * 1024, /* bytes of a .saker file */
	PROJECT_LIMIT = 10 * 1000,     /* files of a project */
	PARENT_LIMIT = 64,             /* folders that are searched for one */
};

static void release_file(struct sk_lsp_file *file)
{
	sk_free(file->uri);
	sk_free(file->path);
	sk_lsp_text_release(&file->text);
	sk_lsp_index_destroy(file->index);
	sk_free(file);
}

static void release_packs(struct sk_lsp_workspace *workspace)
{
	for (size_t i = 0; i < workspace->pack_count; i++)
		sk_free(workspace->packs[i]);
	sk_free(workspace->packs);
	workspace->packs = NULL;
	workspace->pack_count = 0;
}

void sk_lsp_workspace_release(struct sk_lsp_workspace *workspace)
{
	for (size_t i = 0; i < workspace->file_count; i++)
		release_file(workspace->files[i]);
	sk_free(workspace->files);
	release_packs(workspace);
	*workspace = (struct sk_lsp_workspace){0};
}

bool sk_lsp_workspace_set_packs(struct sk_lsp_workspace *workspace, const char *root, const char *const *packs,
				size_t count)
{
	char **copies = sk_alloc_zeroed(count + 1, sizeof(*copies));

	if (!copies)
		return false;
	release_packs(workspace);
	workspace->packs = copies;
	for (; workspace->pack_count < count; workspace->pack_count++) {
		char *path = sk_lsp_path_join(root, packs[workspace->pack_count]);

		if (!path)
			return false;
		copies[workspace->pack_count] = path;
	}
	return true;
}

/* --- files ------------------------------------------------------------- */

struct sk_lsp_file *sk_lsp_workspace_find_path(const struct sk_lsp_workspace *workspace, const char *path)
{
	for (size_t i = 0; i < workspace->file_count; i++) {
		if (workspace->files[i]->path && strcmp(workspace->files[i]->path, path) == 0)
			return workspace->files[i];
	}
	return NULL;
}

struct sk_lsp_file *sk_lsp_workspace_find_uri(const struct sk_lsp_workspace *workspace, const char *uri)
{
	SK_CLEANUP_FREE char *path = NULL;

	for (size_t i = 0; i < workspace->file_count; i++) {
		if (strcmp(workspace->files[i]->uri, uri) == 0)
			return workspace->files[i];
	}
	path = sk_lsp_uri_to_path(uri);
	return path ? sk_lsp_workspace_find_path(workspace, path) : NULL;
}

static char *copy_text(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = sk_alloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

/* Room for one more file; false without memory. */
static bool reserve_file(struct sk_lsp_workspace *workspace)
{
	size_t capacity = workspace->file_capacity ? workspace->file_capacity * 2 : 16;
	struct sk_lsp_file **grown;

	if (workspace->file_count < workspace->file_capacity)
		return true;
	grown = sk_realloc_array(workspace->files, capacity, sizeof(*grown));
	if (!grown)
		return false;
	workspace->files = grown;
	workspace->file_capacity = capacity;
	return true;
}

/* A new file.  Takes `uri`, NULL: no memory, and `path`, NULL: none. */
static struct sk_lsp_file *add_file(struct sk_lsp_workspace *workspace, char *uri, char *path)
{
	struct sk_lsp_file *file = uri && reserve_file(workspace) ? sk_alloc_zeroed(1, sizeof(*file)) : NULL;

	if (!file) {
		sk_free(uri);
		sk_free(path);
		return NULL;
	}
	file->uri = uri;
	file->path = path;
	if (!sk_lsp_text_set(&file->text, "", 0)) {
		release_file(file);
		return NULL;
	}
	file->revision = ++workspace->next_revision;
	workspace->files[workspace->file_count++] = file;
	return file;
}

struct sk_lsp_file *sk_lsp_workspace_open(struct sk_lsp_workspace *workspace, const char *uri, const char *bytes,
					  size_t length, json_int_t version)
{
	struct sk_lsp_file *file = sk_lsp_workspace_find_uri(workspace, uri);
	char *copy;

	if (!file)
		file = add_file(workspace, copy_text(uri), sk_lsp_uri_to_path(uri));
	if (!file || !sk_lsp_text_set(&file->text, bytes, length))
		return NULL;
	copy = copy_text(uri);
	if (!copy)
		return NULL;
	sk_free(file->uri);
	file->uri = copy;
	file->open = true;
	file->version = version;
	sk_lsp_workspace_touch(workspace, file);
	return file;
}

void sk_lsp_workspace_close(struct sk_lsp_workspace *workspace, struct sk_lsp_file *file)
{
	file->open = false;
	file->readable = false;
	sk_lsp_index_destroy(file->index);
	file->index = NULL;
	sk_lsp_text_set(&file->text, "", 0);
	sk_lsp_workspace_touch(workspace, file);
}

void sk_lsp_workspace_touch(struct sk_lsp_workspace *workspace, struct sk_lsp_file *file)
{
	file->revision = ++workspace->next_revision;
}

static bool same_file(const struct stat *left, const struct stat *right)
{
	return left->st_dev == right->st_dev && left->st_ino == right->st_ino && left->st_size == right->st_size &&
	       left->st_mtim.tv_sec == right->st_mtim.tv_sec && left->st_mtim.tv_nsec == right->st_mtim.tv_nsec;
}

/* Appends a regular file, up to a little more than `limit` bytes; 0 or a negative errno. */
static int read_whole(const char *path, size_t limit, struct sk_buffer *bytes, struct stat *ret_status)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), error = 0;

	if (file < 0)
		return -errno;
	if (fstat(file, ret_status) < 0)
		error = -errno;
	else if (!S_ISREG(ret_status->st_mode))
		error = -EINVAL;
	while (error == 0 && bytes->length <= limit) {
		ssize_t got = -1;

		if (!sk_buffer_reserve(bytes, 64 * 1024))
			error = -ENOMEM;
		else
			got = read(file, bytes->bytes + bytes->length, 64 * 1024);
		if (got == 0)
			break;
		if (got > 0)
			bytes->length += (size_t)got;
		else if (error == 0 && errno != EINTR)
			error = -errno;
	}
	close(file);
	return error;
}

/* Brings a file that is not open up to date; 0 or a negative errno. */
static int refresh_file(struct sk_lsp_workspace *workspace, struct sk_lsp_file *file)
{
	struct sk_buffer bytes = {0};
	struct stat status;
	int error;

	if (file->open)
		return 0;
	if (!file->path)
		return -ENOENT;
	if (stat(file->path, &status) < 0) {
		file->readable = false;
		return -errno;
	}
	if (file->readable && same_file(&status, &file->status))
		return 0;
	error = read_whole(file->path, SK_YAML_SIZE_LIMIT, &bytes, &status);
	if (error == 0 && !sk_lsp_text_set(&file->text, bytes.bytes ? bytes.bytes : "", bytes.length))
		error = -ENOMEM;
	sk_buffer_release(&bytes);
	file->readable = error == 0;
	file->status = status;
	sk_lsp_workspace_touch(workspace, file);
	return error;
}

/* --- projects ---------------------------------------------------------- */

struct builder {
	struct sk_lsp_workspace *workspace;
	struct sk_arena *arena;
	struct sk_lsp_project *project;
	size_t capacity;
	struct sk_lsp_project_fault **last_fault;
};

static int add_fault(struct builder *builder, uint32_t line, const char *message)
{
	struct sk_lsp_project_fault *fault = sk_arena_alloc_zeroed(builder->arena, 1, sizeof(*fault));

	if (!fault || !message)
		return -ENOMEM;
	fault->line = line;
	fault->message = message;
	*builder->last_fault = fault;
	builder->last_fault = &fault->next;
	return 0;
}

static int append_file(struct builder *builder, struct sk_lsp_file *file)
{
	struct sk_lsp_project *project = builder->project;

	if (project->count == builder->capacity) {
		size_t capacity = builder->capacity ? builder->capacity * 2 : 8;
		struct sk_lsp_file **grown = sk_arena_alloc(builder->arena, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		if (project->count)
			memcpy(grown, project->files, project->count * sizeof(*grown));
		project->files = grown;
		builder->capacity = capacity;
	}
	project->files[project->count++] = file;
	return 0;
}

static int append_path(struct builder *builder, const char *path, uint32_t line)
{
	struct sk_lsp_file *file = sk_lsp_workspace_find_path(builder->workspace, path);
	int error;

	if (builder->project->count >= PROJECT_LIMIT)
		return add_fault(builder, line, "more than 10,000 rules files");
	if (!file)
		file = add_file(builder->workspace, sk_lsp_path_to_uri(path), copy_text(path));
	if (!file)
		return -ENOMEM;
	error = refresh_file(builder->workspace, file);
	if (error == -ENOMEM)
		return error;
	if (error)
		return add_fault(
			builder, line,
			sk_arena_printf(builder->arena, "cannot read %s: %s", path,
					strerrordesc_np(-error) ? strerrordesc_np(-error) : "unknown error"));
	return append_file(builder, file);
}

/* A path of a list: a file, or a folder of them. */
static int append_entry(struct builder *builder, const char *path, uint32_t line)
{
	struct sk_lsp_file *open = sk_lsp_workspace_find_path(builder->workspace, path);
	struct sk_diagnostics diagnostics;
	struct sk_paths paths = {0};
	int result;

	/* An open file need not be on disk yet. */
	if (open && open->open)
		return append_file(builder, open);
	sk_diagnostics_init(&diagnostics, NULL, builder->arena);
	result = sk_paths_add(&paths, path, builder->arena, &diagnostics);
	if (result == -ENOMEM)
		return result;
	if (diagnostics.count)
		return add_fault(builder, line, diagnostics.items[0].message);
	for (uint32_t i = 0; result == 0 && i < paths.count; i++)
		result = append_path(builder, paths.names[i], line);
	return result;
}

/* The lines of a .saker file. */
static int append_list(struct builder *builder, const char *folder, char *bytes, size_t length)
{
	uint32_t number = 0;
	int result = 0;

	for (char *line = bytes, *end = bytes + length, *next; result == 0 && line < end; line = next, number++) {
		char *newline = memchr(line, '\n', (size_t)(end - line)), *path;
		size_t size;

		next = newline ? newline + 1 : end;
		*(newline ? newline : end) = '\0';
		line[strcspn(line, "#\r")] = '\0';
		line += strspn(line, " \t");
		size = strlen(line);
		while (size && (line[size - 1] == ' ' || line[size - 1] == '\t'))
			line[--size] = '\0';
		if (!size)
			continue;
		path = sk_lsp_path_join(folder, line);
		result = path ? append_entry(builder, path, number) : -ENOMEM;
		sk_free(path);
	}
	return result;
}

static bool has_file(const struct sk_lsp_project *project, const struct sk_lsp_file *file)
{
	for (size_t i = 0; i < project->count; i++) {
		if (project->files[i] == file)
			return true;
	}
	return false;
}

static void begin(struct builder *builder)
{
	*builder->project = (struct sk_lsp_project){0};
	builder->capacity = 0;
	builder->last_fault = &builder->project->faults;
}

/* The project of the nearest .saker file above `path`: 1, 0 if there is none, or -ENOMEM. */
static int find_list(struct builder *builder, const char *path)
{
	char *folder = sk_arena_copy(builder->arena, path, strlen(path));

	if (!folder)
		return -ENOMEM;
	for (int i = 0; i < PARENT_LIMIT; i++) {
		char *slash = strrchr(folder, '/');
		struct sk_buffer bytes = {0};
		struct stat status;
		char *list;
		int error;

		if (!slash)
			return 0;
		*slash = '\0';
		list = sk_arena_printf(builder->arena, "%s/.saker", folder);
		error = list ? read_whole(list, LIST_SIZE_LIMIT, &bytes, &status) : -ENOMEM;
		if (error == 0) {
			begin(builder);
			builder->project->list = list;
			sk_buffer_append_char(&bytes, '\0');
			error = bytes.failed ? -ENOMEM
				: bytes.length > LIST_SIZE_LIMIT
					? add_fault(builder, 0, "a list of packs is at most 1 MiB long")
					: append_list(builder, *folder ? folder : "/", bytes.bytes,
						      bytes.length - 1);
			sk_buffer_release(&bytes);
			return error < 0 ? error : 1;
		}
		sk_buffer_release(&bytes);
		if (error == -ENOMEM)
			return error;
	}
	return 0;
}

int sk_lsp_workspace_project(struct sk_lsp_workspace *workspace, struct sk_lsp_file *file, struct sk_arena *arena,
			     struct sk_lsp_project *ret_project)
{
	struct sk_lsp_project project = {0};
	struct builder builder = {.workspace = workspace, .arena = arena, .project = &project};
	int result = 0;

	begin(&builder);
	for (size_t i = 0; result == 0 && i < workspace->pack_count; i++)
		result = append_entry(&builder, workspace->packs[i], 0);
	if (result == 0 && file->path && !has_file(&project, file))
		result = find_list(&builder, file->path);
	if (result >= 0 && !has_file(&project, file)) {
		begin(&builder);
		result = refresh_file(workspace, file) == -ENOMEM ? -ENOMEM : append_file(&builder, file);
	}
	if (result < 0)
		return result;
	*ret_project = project;
	return 0;
}
