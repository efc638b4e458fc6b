/** Why an access failed, in place of a cost. */
export const ACCESS = { segmentationFault: -1, outOfMemory: -2 } as const;
