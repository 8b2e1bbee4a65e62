/** The plan of short algorithms with output channels in lanes. */
import { describeShortPlan } from './short-plan.js';

describeShortPlan('winograd-k-lanes');
