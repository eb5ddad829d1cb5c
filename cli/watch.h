/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching this host: what `run` and `profile` share.
 *
 *   programs ─► /proc ─► events, until a signal or the time is over
 *
 * Programs come first: what happens while /proc is read waits in the ring, so no
 * process falls between the two.
 */
#ifndef SK_CLI_WATCH_H
#define SK_CLI_WATCH_H

#include "cli/alert_capture.h"
#include "cli/engine.h"
#include "cli/rings.h"
#include "runtime/capture/capture.h"
#include "runtime/containers/inquirer.h"

enum {
	SK_OPTION_DOCKER_SOCKET = 2500,
	SK_OPTION_PODMAN_SOCKET,
	SK_OPTION_CRI_SOCKET,
	SK_OPTION_NO_RUNTIMES,
};

#define SK_WATCH_OPTIONS                                                                                           \
	{SK_OPTION_DOCKER_SOCKET, "docker-socket", "PATH",                                                         \
	 "where docker is asked about containers (may be given several times); default /run/docker.sock, "         \
	 "unless some socket is given"},                                                                           \
		{SK_OPTION_PODMAN_SOCKET, "podman-socket", "PATH",                                                 \
		 "the same for podman, whose `podman system service` listens there; default "                      \
		 "/run/podman/podman.sock, unless some socket is given"},                                          \
		{SK_OPTION_CRI_SOCKET, "cri-socket", "PATH",                                                       \
		 "the same for containerd or CRI-O; default /run/containerd/containerd.sock, "                     \
		 "/run/crio/crio.sock and /run/k3s/containerd/containerd.sock, unless some socket is given"},      \
	{                                                                                                          \
		SK_OPTION_NO_RUNTIMES, "no-container-runtimes", NULL,                                              \
			"ask nobody about containers: their ids alone are known"                                   \
	}

/* The container runtimes that are asked; all zero: those of the defaults. */
struct sk_watch_runtimes {
	struct sk_inquirer_runtime runtimes[SK_INQUIRER_RUNTIMES];
	unsigned count;
	bool none;
};

/* Takes one of SK_WATCH_OPTIONS, whose texts outlive it; false if it is another option. */
bool sk_watch_take_option(struct sk_watch_runtimes *runtimes, struct sk_command_line *line, int id);

/* Starts asking; `*ret_inquirer` NULL if nobody is to be asked.  An enum sk_exit. */
int sk_watch_start_inquirer(const struct sk_watch_runtimes *runtimes, struct sk_inquirer **ret_inquirer);

/* What the state of a sensor for this host is made with, if nobody is asked about containers. */
extern const struct sk_state_source sk_watch_source;

/* The same, asking; the inquirer, which may be NULL, outlives that state. */
struct sk_state_source sk_watch_source_asking(struct sk_inquirer *inquirer);

/* What an event that no kernel made happened at: the time of the last event, so that times never go back; now if none came. */
uint64_t sk_watch_event_time(const struct sk_sensor *sensor);

/* Says on stderr what of that which was asked for this kernel does not tell; nothing where it tells all. */
void sk_watch_tell_unseen(const struct sk_capture *capture);

struct sk_watch_options {
	struct sk_inquirer *inquirer;           /* of its source */
	struct sk_alert_capture *alert_capture; /* started; NULL: alerts get no captures */
	struct sk_rings_sizes rings;
	bool enter_events;      /* of struct sk_capture_options */
	unsigned seconds;       /* 0: until a signal */
	unsigned stats_seconds; /* a line of figures so often (stats.h); 0: never */
	bool no_kernel_filter;  /* everything that is captured comes through */
	bool without_alerts;    /* events are evaluated, and nothing is reported */
};

/*
 * Watches until a signal (sk_signals_catch()) or the time is over, and says
 * on stderr how it went: events, matches, and losses by cause.  `matches` in
 * that line counts reported ones.  An enum sk_exit.
 */
int sk_watch(struct sk_engine *engine, const struct sk_watch_options *options);

#endif
