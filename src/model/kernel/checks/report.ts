/** Takes a sentence about something that must hold of a model at rest and does not. */
export type Report = (sentence: string) => void;
