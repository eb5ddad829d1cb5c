/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that take paths and change what they lead to.
 */
#ifndef SK_TESTS_MATRIX_FILES_H
#define SK_TESTS_MATRIX_FILES_H

#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/quota.h>

#include "tests/live/matrix/matrix.h"

enum {
	/* values of the wire */
	WIRE_CREATED = 0x4000,
	WIRE_UPPER_LAYER = 0x8000,
	HERE = AT_FDCWD,
};

static uint32_t upper_layer(struct identity file)
{
	return file.overlay ? WIRE_UPPER_LAYER : 0;
}

static void open_files(void)
{
	struct open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0604, .resolve = RESOLVE_BENEATH};
	struct identity file;
	char handle_bytes[sizeof(struct file_handle) + 128] __attribute__((aligned(8))) = "", path[300];
	struct file_handle *handle = (void *)handle_bytes;
	int mount_id;
	long fd;

	fd = CALL(openat, HERE, "file", O_RDWR | O_CREAT | O_EXCL, 0640);
	WANT(SYSCALL_OPENAT_2_E, N(HERE), T("file"), N(3 | 4 | 0x20), N(0640));
	file = identify((int)fd);
	/* read and write, create, exclusive */
	WANT(SYSCALL_OPENAT_2_X, N(fd), N(HERE), T("file"), N(3 | 4 | 0x20 | WIRE_CREATED | upper_layer(file)),
	     N(0640), N(file.device), N((int64_t)file.inode));
	if (write((int)fd, "contents", 8) != 8)
		abort();
	close((int)fd);
	fd = CALL(openat, HERE, "not/there", O_RDONLY | O_NONBLOCK, 0);
	WANT(SYSCALL_OPENAT_2_X, N(-ENOENT), N(HERE), T("not/there"), N(1 | 0x40), N(0), N(0), N(0));

	fd = CALL(openat2, HERE, "file2", &how, sizeof(how));
	WANT(SYSCALL_OPENAT2_E, N(HERE), T("file2"), N(3 | 4), N(0604), N(1));
	file = identify((int)fd);
	WANT(SYSCALL_OPENAT2_X, N(fd), N(HERE), T("file2"), N(3 | 4 | WIRE_CREATED | upper_layer(file)), N(0604),
	     N(1 /* RESOLVE_BENEATH */), N(file.device), N((int64_t)file.inode));
	close((int)fd);

	handle->handle_bytes = 128;
	if (name_to_handle_at(HERE, "file", handle, &mount_id, 0) < 0) {
		REFUSED(SYSCALL_OPEN_BY_HANDLE_AT_X, "this file system has no handles");
	} else {
		int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		fd = CALL(open_by_handle_at, directory, handle, O_RDONLY | O_APPEND);
		file = identify((int)fd);
		if (!getcwd(path, 200))
			abort();
		strcat(path, "/file");
		WANT(SYSCALL_OPEN_BY_HANDLE_AT_X, N(fd), N(directory), N(1 | 8 | upper_layer(file)), T(path),
		     N(file.device), N((int64_t)file.inode));
		close((int)fd);
		close(directory);
	}
#ifdef SYS_open
	fd = CALL(open, "file", O_WRONLY | O_TRUNC | O_CLOEXEC, 0);
	WANT(SYSCALL_OPEN_E, T("file"), N(2 | 0x100 | 0x1000), N(0));
	file = identify((int)fd);
	WANT(SYSCALL_OPEN_X, N(fd), T("file"), N(2 | 0x100 | 0x1000 | upper_layer(file)), N(0), N(file.device),
	     N((int64_t)file.inode));
	close((int)fd);
	fd = CALL(creat, "file3", 0600);
	WANT(SYSCALL_CREAT_E, T("file3"), N(0600));
	file = identify((int)fd);
	WANT(SYSCALL_CREAT_X, N(fd), T("file3"), N(0600), N(file.device), N((int64_t)file.inode),
	     N(file.overlay ? 1 : 0));
	close((int)fd);
#endif
}

static void change_names(void)
{
	long r, there = CALL(openat, HERE, ".", O_RDONLY | O_DIRECTORY, 0);

	r = CALL(linkat, HERE, "file", (int)there, "hard", AT_SYMLINK_FOLLOW);
	WANT(SYSCALL_LINKAT_2_X, N(r), N(HERE), T("file"), N(there), T("hard"), N(0x400));
	r = CALL(symlinkat, "target", (int)there, "soft");
	WANT(SYSCALL_SYMLINKAT_X, N(r), T("target"), N(there), T("soft"));
	r = CALL(renameat2, HERE, "hard", (int)there, "harder", 1 /* RENAME_NOREPLACE */);
	WANT(SYSCALL_RENAMEAT2_X, N(r), N(HERE), T("hard"), N(there), T("harder"), N(1));
	r = CALL(mkdirat, (int)there, "directory", 0750);
	WANT(SYSCALL_MKDIRAT_X, N(r), N(there), T("directory"), N(0750));
	r = CALL(unlinkat, (int)there, "directory", AT_REMOVEDIR);
	WANT(SYSCALL_UNLINKAT_2_X, N(r), N(there), T("directory"), N(0x200));
	r = CALL(mknodat, HERE, "pipe", S_IFIFO | 0600, 0);
	WANT(SYSCALL_MKNODAT_X, N(r), N(HERE), T("pipe"), N(S_IFIFO | 0600), N(0));
	r = CALL(unlinkat, HERE, "harder", 0);
	WANT(SYSCALL_UNLINKAT_2_X, N(r), N(HERE), T("harder"), N(0));
#ifdef SYS_renameat
	r = CALL(renameat, HERE, "pipe", HERE, "pipe2");
	WANT(SYSCALL_RENAMEAT_X, N(r), N(HERE), T("pipe"), N(HERE), T("pipe2"));
#endif
#ifdef SYS_open
	r = CALL(rename, "pipe2", "pipe3");
	WANT(SYSCALL_RENAME_X, N(r), T("pipe2"), T("pipe3"));
	r = CALL(link, "file", "hard2");
	WANT(SYSCALL_LINK_2_X, N(r), T("file"), T("hard2"));
	r = CALL(symlink, "/etc/shadow", "soft2");
	WANT(SYSCALL_SYMLINK_X, N(r), T("/etc/shadow"), T("soft2"));
	r = CALL(mkdir, "directory2", 0711);
	WANT(SYSCALL_MKDIR_2_X, N(r), T("directory2"), N(0711));
	r = CALL(rmdir, "directory2");
	WANT(SYSCALL_RMDIR_2_X, N(r), T("directory2"));
	r = CALL(mknod, "null", S_IFCHR | 0666, 0x103);
	WANT(SYSCALL_MKNOD_X, N(r), T("null"), N(S_IFCHR | 0666), N(0x103));
	r = CALL(unlink, "hard2");
	WANT(SYSCALL_UNLINK_2_X, N(r), T("hard2"));
	r = CALL(unlink, "hard2");
	WANT(SYSCALL_UNLINK_2_X, N(-ENOENT), T("hard2"));
#endif
	close((int)there);
}

static void change_attributes(void)
{
	long r, fd = CALL(openat, HERE, "file", O_RDWR, 0);

	/* set user id, and rwxr-xr-x */
	r = CALL(fchmod, (int)fd, 04755);
	WANT(SYSCALL_FCHMOD_X, N(r), N(fd), N(04755));
	r = CALL(fchmodat, HERE, "file", 0600);
	WANT(SYSCALL_FCHMODAT_X, N(r), N(HERE), T("file"), N(0600));
	r = CALL(fchown, (int)fd, 1, 2);
	WANT(SYSCALL_FCHOWN_X, N(r), N(fd), N(1), N(2));
	r = CALL(fchownat, HERE, "soft", -1, 3, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
	/* Only the other flag is on the wire, as from the reference. */
	WANT(SYSCALL_FCHOWNAT_X, N(r), N(HERE), T("soft"), N(-1), N(3), N(0x1000));
	r = CALL(newfstatat, HERE, "file", (struct stat[1]){0}, AT_SYMLINK_NOFOLLOW);
	WANT(SYSCALL_NEWFSTATAT_X, N(r), N(HERE), T("file"), N(0x100));
	r = CALL(fstat, (int)fd, (struct stat[1]){0});
	WANT(SYSCALL_FSTAT_X, N(r), N(fd));
#ifdef SYS_open
	r = CALL(chmod, "file", 0644);
	WANT(SYSCALL_CHMOD_X, N(r), T("file"), N(0644));
	r = CALL(chown, "file", 4, 5);
	WANT(SYSCALL_CHOWN_X, N(r), T("file"), N(4), N(5));
	r = CALL(lchown, "soft", 6, 7);
	WANT(SYSCALL_LCHOWN_X, N(r), T("soft"), N(6), N(7));
	r = CALL(stat, "file", (struct stat[1]){0});
	WANT(SYSCALL_STAT_X, N(r), T("file"));
	r = CALL(lstat, "soft", (struct stat[1]){0});
	WANT(SYSCALL_LSTAT_X, N(r), T("soft"));
	r = CALL(access, "file", R_OK | X_OK);
	WANT(SYSCALL_ACCESS_X, N(r), T("file"), N(5));
#endif
	close((int)fd);
}

static void move_about(void)
{
	char path[200] = "";
	long r, there = CALL(openat, HERE, ".", O_RDONLY | O_DIRECTORY, 0);

	r = CALL(getcwd, path, sizeof(path));
	WANT(SYSCALL_GETCWD_X, N(r), T(path));
	r = CALL(chdir, "/proc");
	WANT(SYSCALL_CHDIR_X, N(r), T("/proc"));
	r = CALL(fchdir, (int)there);
	WANT(SYSCALL_FCHDIR_X, N(r), N(there));
	r = CALL(getdents64, (int)there, (char[512]){0}, 512);
	WANT(SYSCALL_GETDENTS64_X, N(r), N(there));
#ifdef SYS_open
	r = CALL(getdents, (int)there, (char[512]){0}, 512);
	WANT(SYSCALL_GETDENTS_X, N(r), N(there));
#endif
	close((int)there);
}

/* QCMD() shifts a sign bit. */
static uint32_t quota_call(uint32_t command, uint32_t type)
{
	return command << 8 | type;
}

static void change_mounts(void)
{
	struct dqblk block = {.dqb_bhardlimit = 1,
			      .dqb_bsoftlimit = 2,
			      .dqb_curspace = 3,
			      .dqb_ihardlimit = 4,
			      .dqb_isoftlimit = 5,
			      .dqb_curinodes = 6,
			      .dqb_btime = 7,
			      .dqb_itime = 8};
	long r, fd;

	r = CALL(mount, "none", "nowhere", "tmpfs", MS_NOSUID | MS_RDONLY, NULL);
	WANT(SYSCALL_MOUNT_X, N(-ENOENT), T("none"), T("nowhere"), T("tmpfs"), N(MS_NOSUID | MS_RDONLY));
	r = CALL(umount2, "nowhere", MNT_DETACH);
	WANT(SYSCALL_UMOUNT2_X, N(-ENOENT), T("nowhere"), N(2));

	fd = CALL(fsopen, "tmpfs", 0);
	if (fd < 0) {
		REFUSED(SYSCALL_FSCONFIG_X, "fsopen is refused");
	} else {
		r = CALL(fsconfig, (int)fd, 1 /* FSCONFIG_SET_STRING */, "size", "1M", 0);
		WANT(SYSCALL_FSCONFIG_X, N(r), N(fd), N(1), T("size"), nothing_there(), T("1M"), N(0));
		r = CALL(fsconfig, (int)fd, 0 /* FSCONFIG_SET_FLAG */, "unknown", NULL, 0);
		WANT(SYSCALL_FSCONFIG_X, N(r), N(fd), N(0), T("unknown"), nothing_there(), nothing_there(), N(0));
		r = CALL(fsconfig, (int)fd, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0);
		WANT(SYSCALL_FSCONFIG_X, N(r), N(fd), N(6), nothing_there(), nothing_there(), nothing_there(),
		     N(0));
		close((int)fd);
	}

	r = CALL(quotactl, quota_call(Q_SETQUOTA, USRQUOTA), "/dev/nothing", 77, &block);
	WANT(SYSCALL_QUOTACTL_X, N(r), T("/dev/nothing"), nothing_there(), N(1), N(2), N(3), N(4), N(5), N(7), N(8),
	     N(0), N(0), N(0), N(1 /* QFMT_NOT_USED */), N(0x40 /* Q_SETQUOTA */), N(1 /* USRQUOTA */), N(77),
	     N(0));
	r = CALL(quotactl, quota_call(Q_QUOTAON, GRPQUOTA), "/dev/nothing", 2 /* QFMT_VFS_V0 */, "aquota.group");
	WANT(SYSCALL_QUOTACTL_X, N(r), T("/dev/nothing"), T("aquota.group"), N(0), N(0), N(0), N(0), N(0), N(0),
	     N(0), N(0), N(0), N(0), N(1), N(1 /* Q_QUOTAON */), N(2 /* GRPQUOTA */), N(0), N(4 /* QFMT_VFS_V0 */));
	/* By a process that ends then: it does not come back. */
	if (fork() == 0) {
		r = CALL(chroot, ".");
		WANT(SYSCALL_CHROOT_X, N(r), T("."));
		_exit(0);
	}
	wait(NULL);
}

static void use_paths(void)
{
	open_files();
	change_names();
	change_attributes();
	move_about();
	change_mounts();
}

#endif
