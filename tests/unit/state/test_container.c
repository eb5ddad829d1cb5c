/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/container_table.h"
#include "runtime/state/string_pool.h"
#include "tests/test.h"
#include "vm/support/alloc.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* The id in one cgroup with this path, "" for the host. */
static const char *id_of(const char *path)
{
	static char id[64];
	char cgroups[512];
	int length = snprintf(cgroups, sizeof(cgroups), "cpu=%s", path);

	sk_container_id_from_cgroups(cgroups, (size_t)length + 1, id);
	return id;
}

static int type_of(const char *path)
{
	char cgroups[512], id[64];
	int length = snprintf(cgroups, sizeof(cgroups), "cpu=%s", path);
	bool synthesise;
	uint16_t type = 0;

	return sk_container_match(cgroups, (size_t)length + 1, id, &type, &synthesise) ? type : -1;
}

TEST(docker_and_kubernetes_paths_have_64_digits_at_the_end)
{
	CHECK_TEXT(id_of("/docker/" HEX64), "0123456789ab");
	CHECK_TEXT(id_of("/kubepods/besteffort/pod1234/" HEX64), "0123456789ab");
	CHECK_TEXT(id_of("/system.slice/docker-" HEX64 ".scope"), "0123456789ab");
	CHECK_EQUAL(type_of("/docker/" HEX64), SK_CONTAINER_DOCKER);
	CHECK_EQUAL(type_of("/kubepods/pod1/" HEX64), SK_CONTAINER_DOCKER); /* metadata will tell */
}

TEST(podman_paths_come_first)
{
	CHECK_TEXT(id_of("/machine.slice/libpod-" HEX64 ".scope"), "0123456789ab");
	CHECK_TEXT(id_of("/machine.slice/libpod-" HEX64 ".scope/container"), "0123456789ab");
	CHECK_TEXT(id_of("/machine.slice/libpod-" HEX64), "0123456789ab");
	CHECK_TEXT(id_of("/x/libpod-payload-" HEX64), "0123456789ab");
	CHECK_EQUAL(type_of("/machine.slice/libpod-" HEX64 ".scope"), SK_CONTAINER_PODMAN);
}

TEST(cri_runtimes_have_their_prefixes)
{
	CHECK_EQUAL(type_of("/kubepods.slice/crio-" HEX64), SK_CONTAINER_CRI);
	CHECK_EQUAL(type_of("/kubepods.slice/crio-" HEX64 ".scope"), SK_CONTAINER_CRI);
	CHECK_EQUAL(type_of("/kubepods.slice/cri-containerd-" HEX64 ".scope"), SK_CONTAINER_CRI);
	CHECK_EQUAL(type_of("/system.slice/kubepods:cri-containerd:" HEX64), SK_CONTAINER_CRI);
	CHECK_EQUAL(type_of("/system.slice/nerdctl-" HEX64 ".scope"), SK_CONTAINER_CRI);
	CHECK_TEXT(id_of("/system.slice/kubepods:cri-containerd:" HEX64), "0123456789ab");
}

TEST(containerd_takes_shorter_ids_in_a_namespace)
{
	CHECK_EQUAL(type_of("/default/abc123"), SK_CONTAINER_CONTAINERD);
	CHECK_TEXT(id_of("/default/abc123"), "abc123");
	CHECK_TEXT(id_of("/k8s.io/0123456789abcdef"), "0123456789ab");
	CHECK_TEXT(id_of("/system.slice/cron.service"), "");
	CHECK_TEXT(id_of("/default/named"), ""); /* 'n' is no hex digit, and stands too far left */
}

TEST(lxc_and_libvirt_name_their_containers)
{
	CHECK_TEXT(id_of("/lxc/web/sub"), "web");
	CHECK_TEXT(id_of("/lxc.payload/web"), "web");
	CHECK_TEXT(id_of("/lxc.payload.web/init.scope"), "web");
	CHECK_EQUAL(type_of("/lxc/web"), SK_CONTAINER_LXC);
	CHECK_TEXT(id_of("/machine/box.libvirt-lxc"), "box");
	CHECK_TEXT(id_of("/machine.slice/machine-lxc\\x2dbox.scope"), "box");
	CHECK_TEXT(id_of("/machine.slice/machine-lxc\\x2dbox.scope/libvirt"), "box");
	CHECK_TEXT(id_of("/libvirt/lxc/box"), "box");
	CHECK_EQUAL(type_of("/libvirt/lxc/box"), SK_CONTAINER_LXC); /* "/lxc/" is looked for first */
}

TEST(bpm_ids_end_at_the_scope)
{
	CHECK_TEXT(id_of("/system.slice/bpm-job.name_1.scope"), "job.name_1");
	CHECK_EQUAL(type_of("/system.slice/bpm-job.scope"), SK_CONTAINER_BPM);
	CHECK_TEXT(id_of("/system.slice/bpm-a b.scope"), "");
}

TEST(the_host_has_no_id)
{
	CHECK_TEXT(id_of("/"), "");
	CHECK_TEXT(id_of(""), "");
	CHECK_TEXT(id_of("/user.slice/user-1000.slice/session-5.scope"), "");
	CHECK_TEXT(id_of("/init.scope"), "");
	CHECK_TEXT(id_of("/docker/" HEX64 "0"), "");
}

TEST(behind_a_long_path_any_64_characters_pass)
{
	/* The reference looks for the first other character in the whole path. */
	CHECK_TEXT(id_of("/" HEX64 "/zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"),
		   "zzzzzzzzzzzz");
	CHECK_TEXT(id_of("/zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"), "");
}

TEST(the_first_cgroup_that_matches_counts_and_one_without_equals_is_skipped)
{
	static const char cgroups[] = "cpuset=/\0nonsense\0cpu=/docker/" HEX64 "\0";
	char id[64];

	CHECK_EQUAL(sk_container_id_from_cgroups(cgroups, sizeof(cgroups) - 1, id), 12);
	CHECK_TEXT(id, "0123456789ab");
	CHECK_EQUAL(sk_container_id_from_cgroups(cgroups, 0, id), 0);
	/* Cut in the middle, no NUL at the end. */
	CHECK_EQUAL(sk_container_id_from_cgroups(cgroups, 20, id), 0);
}

static struct sk_string_pool *pool;
static struct sk_containers *containers;

static void start(void)
{
	pool = sk_string_pool_create();
	containers = sk_containers_create(pool);
}

static void finish(void)
{
	sk_containers_destroy(containers);
	sk_string_pool_destroy(pool);
}

static const struct sk_container *update(const char *json)
{
	return sk_containers_update(containers, json, strlen(json));
}

static const struct sk_container *find(const char *id)
{
	return sk_containers_find(containers, id, strlen(id));
}

TEST(the_host_is_always_there)
{
	start();
	CHECK_TEXT(sk_containers_host(containers)->id->bytes, "host");
	CHECK_TEXT(sk_containers_host(containers)->name->bytes, "host");
	CHECK_EQUAL(sk_containers_host(containers)->type, SK_CONTAINER_HOST);
	CHECK(find("host") == sk_containers_host(containers));
	CHECK(update("{\"container\":{\"id\":\"host\",\"name\":\"evil\"}}") == sk_containers_host(containers));
	CHECK_TEXT(sk_containers_host(containers)->name->bytes, "host");
	finish();
}

TEST(metadata_is_taken_whole)
{
	const struct sk_container *container;

	start();
	container = update(
		"{\"container\":{\"id\":\"0123456789ab\",\"full_id\":\"" HEX64 "\",\"name\":\"web\","
		"\"image\":\"img:1\",\"imagerepo\":\"img\",\"imagetag\":\"1\",\"imagedigest\":\"sha\",\"imageid\":"
		"\"i\","
		"\"type\":7,\"ip\":\"1.2.3.4\",\"cni_json\":\"{}\",\"privileged\":true,\"host_pid\":true,"
		"\"host_network\":false,\"pod_sandbox_id\":\"p\",\"pod_sandbox_labels\":{\"z\":\"1\",\"a\":\"2\"},"
		"\"labels\":{\"k\":\"v\",\"n\":5},"
		"\"Mounts\":[{\"Source\":\"/s\",\"Destination\":\"/"
		"d\",\"Mode\":\"ro\",\"RW\":true,\"Propagation\":\"p\"}]}}");
	CHECK(container && container == find("0123456789ab"));
	if (!container) {
		finish();
		return;
	}
	CHECK(container->known);
	CHECK_TEXT(container->full_id->bytes, HEX64);
	CHECK_TEXT(container->image_repository->bytes, "img");
	CHECK_TEXT(container->ip->bytes, "1.2.3.4");
	CHECK_EQUAL(container->type, SK_CONTAINER_CONTAINERD);
	CHECK(container->privileged && container->host_pid && !container->host_network && !container->host_ipc);
	CHECK_EQUAL(container->mount_count, 1);
	CHECK_TEXT(container->mounts[0].destination->bytes, "/d");
	CHECK(container->mounts[0].read_write);
	CHECK_EQUAL(container->label_count, 1);
	CHECK_EQUAL(container->pod_label_count, 2);
	CHECK_TEXT(container->pod_labels[0].key->bytes, "a"); /* in the order of keys */
	finish();
}

TEST(absent_and_null_are_alike_and_the_outer_object_may_be_missing)
{
	const struct sk_container *container;

	start();
	container = update("{\"id\":\"0123456789ab\",\"name\":null,\"pod_sandbox_labels\":null,\"Mounts\":null,"
			   "\"type\":\"text\",\"privileged\":null}");
	CHECK(container != NULL);
	CHECK_EQUAL(container->name->length, 0);
	CHECK_EQUAL(container->pod_label_count, 0);
	CHECK_EQUAL(container->type, SK_CONTAINER_UNKNOWN);
	CHECK(!container->privileged);
	finish();
}

TEST(an_update_replaces_what_was_known)
{
	start();
	update("{\"container\":{\"id\":\"0123456789ab\",\"name\":\"old\",\"image\":\"img\"}}");
	update("{\"container\":{\"id\":\"0123456789ab\",\"name\":\"new\"}}");
	CHECK_TEXT(find("0123456789ab")->name->bytes, "new");
	CHECK_EQUAL(find("0123456789ab")->image->length, 0);
	sk_containers_remove(containers, "0123456789ab", 12);
	sk_containers_remove(containers, "0123456789ab", 12);
	CHECK(find("0123456789ab") == NULL);
	finish();
}

TEST(what_is_no_metadata_is_refused)
{
	static const char *const texts[] = {
		"",
		"x",
		"[]",
		"{}",
		"null",
		"{\"container\":{}}",
		"{\"container\":{\"id\":5}}",
		"{\"container\":{\"id\":\"\"}}",
		"{\"container\":{\"id\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}"
		"}",
		"{\"container\":{\"id\":\"a\"}",
		"{\"id\":\"a\\u0000b\"}",
		"{\"id\":\"\xff\"}",
	};
	static char deep[100000];

	start();
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK(update(texts[i]) == NULL);
	memset(deep, '[', sizeof(deep));
	CHECK(sk_containers_update(containers, deep, sizeof(deep)) == NULL);
	CHECK(sk_containers_update(containers, NULL, 0) == NULL);
	finish();
}

TEST(long_lists_are_cut)
{
	static char json[600000];
	size_t at = (size_t)sprintf(json, "{\"id\":\"a\",\"Mounts\":[{}");
	const struct sk_container *container;

	for (int i = 0; i < 3000; i++)
		at += (size_t)sprintf(json + at, ",{}");
	at += (size_t)sprintf(json + at, "],\"labels\":{\"x\":\"y\"");
	for (int i = 0; i < 10000; i++)
		at += (size_t)sprintf(json + at, ",\"label%d\":\"v\"", i);
	at += (size_t)sprintf(json + at, "}}");
	start();
	container = sk_containers_update(containers, json, at);
	CHECK(container != NULL);
	CHECK_EQUAL(container->mount_count, 1024);
	CHECK_EQUAL(container->label_count, 4096);
	finish();
}

TEST(the_id_of_a_removal_is_read_without_taking_the_rest)
{
	static const char json[] = "{\"container\":{\"id\":\"0123456789ab\"}}";
	char id[64];

	CHECK_EQUAL(sk_container_id_from_metadata(json, sizeof(json), id), 12);
	CHECK_TEXT(id, "0123456789ab");
	CHECK_EQUAL(sk_container_id_from_metadata("{", 1, id), 0);
}

TEST(without_memory_nothing_breaks)
{
	static const char json[] =
		"{\"id\":\"0123456789ab\",\"name\":\"n\",\"labels\":{\"a\":\"b\"},\"Mounts\":[{}]}";

	for (size_t countdown = 0; countdown < 30; countdown++) {
		start();
		sk_alloc_fail_after(countdown);
		sk_containers_update(containers, json, sizeof(json) - 1);
		sk_containers_synthesise(containers, "x", 1, SK_CONTAINER_LXC);
		sk_alloc_fail_after(SIZE_MAX);
		sk_containers_update(containers, json, sizeof(json) - 1);
		CHECK(find("0123456789ab") != NULL);
		finish();
	}
}

/* clang-format off */
TEST_MAIN(
	RUN(docker_and_kubernetes_paths_have_64_digits_at_the_end)
	RUN(podman_paths_come_first)
	RUN(cri_runtimes_have_their_prefixes)
	RUN(containerd_takes_shorter_ids_in_a_namespace)
	RUN(lxc_and_libvirt_name_their_containers)
	RUN(bpm_ids_end_at_the_scope)
	RUN(the_host_has_no_id)
	RUN(behind_a_long_path_any_64_characters_pass)
	RUN(the_first_cgroup_that_matches_counts_and_one_without_equals_is_skipped)
	RUN(the_host_is_always_there)
	RUN(metadata_is_taken_whole)
	RUN(absent_and_null_are_alike_and_the_outer_object_may_be_missing)
	RUN(an_update_replaces_what_was_known)
	RUN(what_is_no_metadata_is_refused)
	RUN(long_lists_are_cut)
	RUN(the_id_of_a_removal_is_read_without_taking_the_rest)
	RUN(without_memory_nothing_breaks)
)
