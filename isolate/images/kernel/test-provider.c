// SPDX-License-Identifier: GPL-2.0
/*
 * A provider of configfs-tsm reports for tests.
 *
 * `cargo xtask kernel --test-provider` links it into a kernel of its own, which no image for users
 * contains. It vouches for nothing: a report is "VERACRUZ-TEST-1" followed by what was asked for.
 * It shows that the runtime reads evidence through the kernel's real interface on machines that
 * have no confidential guests.
 *
 * It is named "veracruz_test", which the runtime takes for no technology. `test_provider.name=` on
 * the kernel's command line gives it the name of another one. As "sev_guest" a report has the size
 * of SEV-SNP's, with what was asked for in its place and all else, the signature too, zero.
 */
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tsm.h>

#define SNP_REPORT_SIZE 0x4a0
#define SNP_REPORT_DATA 0x50

static const char magic[] = "VERACRUZ-TEST-1";

static char *name = "veracruz_test";
module_param(name, charp, 0);

static int test_report_new(struct tsm_report *report, void *data)
{
	const struct tsm_desc *desc = &report->desc;
	bool snp = !strcmp(name, "sev_guest");
	size_t prefix = snp ? SNP_REPORT_DATA : sizeof(magic) - 1;
	size_t len = snp ? SNP_REPORT_SIZE : prefix + desc->inblob_len;
	u8 *blob = kvzalloc(len, GFP_KERNEL);

	if (!blob)
		return -ENOMEM;
	if (!snp)
		memcpy(blob, magic, prefix);
	memcpy(blob + prefix, desc->inblob, desc->inblob_len);
	report->outblob = blob;
	report->outblob_len = len;
	return 0;
}

static bool test_attr_visible(int n)
{
	return n == TSM_REPORT_GENERATION || n == TSM_REPORT_PROVIDER;
}

static bool test_bin_attr_visible(int n)
{
	return n == TSM_REPORT_INBLOB || n == TSM_REPORT_OUTBLOB;
}

static struct tsm_ops test_ops = {
	.report_new = test_report_new,
	.report_attr_visible = test_attr_visible,
	.report_bin_attr_visible = test_bin_attr_visible,
};

static int __init test_init(void)
{
	pr_warn("test_provider: reports of this kernel prove nothing\n");
	test_ops.name = name;
	return tsm_register(&test_ops, NULL);
}
device_initcall(test_init);
