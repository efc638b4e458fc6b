/** The workload's client for tests, and the one place that says where it comes from. */
export { WorkloadRefusal } from '../../src/demo/refusal.js';
export { WorkloadClient } from '../../src/demo/workload-client.js';
