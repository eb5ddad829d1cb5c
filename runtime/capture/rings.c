/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/rings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "runtime/capture/bpf/shared.h"
#include "vm/support/alloc.h"

enum { KINDS = 2, BULK = 0, LANE = 1 };

int sk_rings_parse_cpus(const char *text, bool *ret_there, size_t cpu_count)
{
	int count = 0;

	memset(ret_there, 0, cpu_count * sizeof(*ret_there));
	while (*text && *text != '\n') {
		unsigned long first, last;
		char *end;

		if (*text < '0' || *text > '9')
			return -EINVAL;
		first = last = strtoul(text, &end, 10);
		if (*end == '-') {
			text = end + 1;
			if (*text < '0' || *text > '9')
				return -EINVAL;
			last = strtoul(text, &end, 10);
		}
		if (last < first || (*end && *end != ',' && *end != '\n'))
			return -EINVAL;
		for (; first <= last && first < cpu_count; first++) {
			count += !ret_there[first];
			ret_there[first] = true;
		}
		text = *end == ',' ? end + 1 : end;
	}
	return count;
}

/* Which CPUs run now; all that may ever be if the kernel does not tell. */
static size_t find_cpus(bool *ret_there, size_t cpu_count)
{
	FILE *file = fopen("/sys/devices/system/cpu/online", "re");
	char text[4096];
	int count = 0;

	if (file && fgets(text, sizeof(text), file))
		count = sk_rings_parse_cpus(text, ret_there, cpu_count);
	if (file)
		fclose(file);
	if (count > 0)
		return (size_t)count;
	for (size_t i = 0; i < cpu_count; i++)
		ret_there[i] = true;
	return cpu_count;
}

size_t sk_rings_count(unsigned cpus_per_ring, size_t cpu_count)
{
	SK_CLEANUP_FREE bool *there = sk_alloc(cpu_count * sizeof(*there));

	/* Without memory for it nothing else will work either. */
	size_t count = there ? find_cpus(there, cpu_count) : cpu_count;

	return KINDS * ((count + cpus_per_ring - 1) / cpus_per_ring);
}

static int make_ring(struct sk_rings *rings, int array_fd, uint32_t index, size_t size)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, index % KINDS == LANE ? "sk_lane" : "sk_ring", 0, 0,
				(uint32_t)size, NULL);
	int result;

	if (fd < 0)
		return fd;
	rings->fds[index] = fd;
	if (bpf_map_update_elem(array_fd, &index, &fd, BPF_ANY) < 0)
		return -errno;
	result = sk_ring_open(fd, size, &rings->rings[index]);
	if (result == 0 && epoll_ctl(rings->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		result = -errno;
	return result;
}

static size_t areas_length(const struct sk_rings *rings)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (rings->area_size * rings->cpu_count + page - 1) / page * page;
}

static int map_areas(struct sk_rings *rings, int fd)
{
	void *areas = mmap(NULL, areas_length(rings), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (areas == MAP_FAILED)
		return -errno;
	rings->areas = areas;
	return 0;
}

/* Those that run are dealt out in order; the others are where there is room. */
static void assign(struct sk_rings *rings, const bool *there, unsigned cpus_per_ring)
{
	size_t groups = rings->ring_count / KINDS, place = 0;

	for (size_t cpu = 0; cpu < rings->cpu_count; cpu++) {
		struct sk_cpu *area = (void *)(rings->areas + cpu * rings->area_size);
		size_t group = there[cpu] ? place++ / cpus_per_ring % groups : cpu % groups;

		area->rings[BULK] = (uint32_t)(group * KINDS + BULK);
		area->rings[LANE] = (uint32_t)(group * KINDS + LANE);
	}
}

static int make_all(struct sk_rings *rings, const struct sk_rings_options *options, struct sk_error *error)
{
	SK_CLEANUP_FREE bool *there = sk_alloc(options->cpu_count * sizeof(*there));
	int result;

	if (!there)
		return sk_error_set(error, -ENOMEM, "no memory");
	find_cpus(there, options->cpu_count);
	rings->rings = sk_alloc_zeroed(options->ring_count, sizeof(*rings->rings));
	rings->fds = sk_alloc(options->ring_count * sizeof(*rings->fds));
	if (!rings->rings || !rings->fds)
		return sk_error_set(error, -ENOMEM, "no memory");
	rings->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (rings->epoll < 0)
		return sk_error_set(error, -errno, "cannot wait for BPF ring buffers: %s", strerror(errno));
	result = map_areas(rings, options->areas_fd);
	if (result < 0)
		return sk_error_set(error, result, "cannot map the memory of the BPF programs: %s",
				    strerror(-result));
	for (uint32_t i = 0; i < options->ring_count; i++) {
		size_t size = i % KINDS == LANE ? options->lane_size : options->ring_size;

		rings->fds[i] = -1;
		rings->ring_count = i + 1;
		result = make_ring(rings, options->array_fd, i, size);
		if (result < 0)
			return sk_error_set(error, result, "cannot make a BPF ring buffer of %zu bytes: %s", size,
					    strerror(-result));
	}
	assign(rings, there, options->cpus_per_ring);
	return 0;
}

int sk_rings_open(const struct sk_rings_options *options, struct sk_rings *ret_rings, struct sk_error *error)
{
	struct sk_rings rings = {.area_size = options->area_size, .cpu_count = options->cpu_count, .epoll = -1};
	int result = make_all(&rings, options, error);

	if (result < 0)
		sk_rings_close(&rings);
	else
		*ret_rings = rings;
	return result;
}

void sk_rings_close(struct sk_rings *rings)
{
	for (size_t i = 0; i < rings->ring_count; i++) {
		sk_ring_close(&rings->rings[i]);
		if (rings->fds[i] >= 0)
			close(rings->fds[i]);
	}
	if (rings->areas)
		munmap(rings->areas, areas_length(rings));
	if (rings->epoll >= 0)
		close(rings->epoll);
	sk_free(rings->rings);
	sk_free(rings->fds);
	*rings = (struct sk_rings){.epoll = -1};
}
