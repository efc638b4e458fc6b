/** The workload's client for tests, and the one place that says where it comes from. */
export { WorkloadRefusal } from '../../demo/refusal.js';
export { WorkloadClient } from '../../demo/workload-client.js';
