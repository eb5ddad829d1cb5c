/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file: URIs and paths.  Clients escape differently, so documents are told
 * apart by their paths where they have one.
 */
#ifndef SK_LSP_URI_H
#define SK_LSP_URI_H

/*
 * The absolute path that a file: URI names, without `.`, `..` and doubled
 * slashes; NULL if it names none or there is no memory.  The caller frees it
 * with sk_free().
 */
char *sk_lsp_uri_to_path(const char *uri);

/* The URI of an absolute path; NULL without memory.  Freed with sk_free(). */
char *sk_lsp_path_to_uri(const char *path);

/*
 * `path` below `base` if it is relative, and then as above.  NULL without
 * memory.  Freed with sk_free().
 */
char *sk_lsp_path_join(const char *base, const char *path);

#endif
