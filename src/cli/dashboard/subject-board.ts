/** The board of what the user named. */
import { statusDirectory } from '../../agent/life/status.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { OctavoContext } from '../context.js';
import { readSubject } from '../reports/subject.js';
import { journalPlace } from '../turns.js';
import { AgentBoard } from './agent-board.js';
import { comparisonBoard } from './comparison-board.js';
import { heatBoard } from './heat-board.js';
import { historyBoard } from './history-board.js';
import { runBoard } from './run-board.js';
import type { LiveBoard } from './serve.js';
import { simulationBoard } from './simulation-board.js';
import type { StillBoard } from './still-board.js';

/** Options that say where a subject is found, or what is laid over it. */
export interface SubjectWishes {
  readonly state?: string;
  readonly runtime?: string;
  readonly heat?: string;
  readonly allowActions?: boolean;
}

/** `word`: a file or a run; the agent of this host when undefined. Throws what reading it throws. */
export async function boardOf(
  context: OctavoContext,
  word: string | undefined,
  { state, runtime, heat, allowActions }: SubjectWishes,
): Promise<StillBoard | LiveBoard> {
  if (word === undefined) {
    if (heat !== undefined) throw misplaced('--heat goes with a run');
    return agentBoard(context, { state, runtime, allowActions });
  }
  if (allowActions === true)
    throw misplaced('--allow-actions goes with an agent, and this is a file or a run');
  const subject = await readSubject(context, word, state);
  if (heat !== undefined && subject.kind !== 'run')
    throw misplaced(`--heat goes with a run, and this is a ${subject.kind}`);
  switch (subject.kind) {
    case 'heat':
      return heatBoard(context, subject.source, word);
    case 'run':
      return runBoard(context, subject.run, heat);
    case 'simulation':
      return simulationBoard(context, subject.outcome, word);
    case 'comparison':
      return comparisonBoard(context, subject.comparison, word);
    case 'history':
      return historyBoard(context, subject.history, word);
  }
}

function agentBoard(
  context: OctavoContext,
  { state, runtime, allowActions }: { readonly [Key in keyof SubjectWishes]: SubjectWishes[Key] | undefined },
): AgentBoard {
  const { host } = context;
  const places = {
    place: journalPlace(context, state),
    runtime: runtime ?? statusDirectory(host),
    name: 'agent of this host',
  };
  const board = new AgentBoard(context, places, allowActions);
  board.look();
  return board;
}

function misplaced(problem: string): OctavoError {
  return new OctavoError('USAGE', { problem, command: 'dashboard' });
}
