import { STAGES } from './stages.js';
import { describeVerification } from './verification.js';

for (const stage of STAGES) describeVerification(stage);
