/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A library that does nothing: what preloading costs by itself.
 */
int smc_bench_nothing(void)
{
	return 0;
}
