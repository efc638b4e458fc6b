/**
 * What the argument parser finds wrong with a command line, as coded failures: no wording of the library passes. Its
 * message functions throw, and runCommandLine tells what they threw.
 */
import {
  AliasNotFoundError,
  ArgumentParseError,
  EnumValidationError,
  FlagNotFoundError,
  InvalidNegatedFlagSyntaxError,
  text_en,
  UnexpectedFlagError,
  UnexpectedPositionalError,
  UnsatisfiedFlagError,
  UnsatisfiedPositionalError,
} from '@stricli/core';
import { OctavoError } from '../vocabulary/errors.js';
import { isActing } from './acting.js';

/** How an empty word is shown. */
const EMPTY = "''";

/** The library's texts with coded failures in place of its messages. `command` is `octavo plan`, words what follows. */
export function codedTexts(command: string, words: readonly string[]): typeof text_en {
  return {
    ...text_en,
    noCommandRegisteredForInput: ({ input, corrections }) => {
      throw unknownCommand(command, input, corrections);
    },
    exceptionWhileParsingArguments: (problem) => {
      throw usageError(command, words, problem);
    },
    exceptionWhileLoadingCommandFunction: bug,
    exceptionWhileLoadingCommandContext: bug,
    exceptionWhileRunningCommand: bug,
  };
}

function bug(problem: unknown): string {
  const trace = problem instanceof Error ? (problem.stack ?? problem.message) : String(problem);
  return `octavo: this is a bug, please report it with the command line\n${trace}`;
}

/** A proposal must not lead into acting by a key pressed too fast, so it never names a command that acts. */
function unknownCommand(command: string, input: string, corrections: readonly string[]): OctavoError {
  if (input === '--host') return new OctavoError('VALUE_MISSING', { command, option: input });
  if (input.startsWith('-')) {
    const similar = '; options stand behind the command';
    return new OctavoError('OPTION_UNKNOWN', { command, option: input, similar });
  }
  const inner = command.replace(/^octavo ?/, '');
  const harmless = corrections
    .map((name) => name.replaceAll('`', ''))
    .filter((name) => !isActing(inner === '' ? name : `${inner} ${name}`));
  return new OctavoError('COMMAND_UNKNOWN', { input, similar: didYouMean(harmless) });
}

/** The coded failure for what the parser threw; whatever is no failure of the command line is thrown on. */
function usageError(command: string, words: readonly string[], problem: unknown): OctavoError {
  if (problem instanceof OctavoError) return problem;
  const coded =
    optionError(command, problem) ?? valueError(command, words, problem) ?? argumentError(command, problem);
  if (coded === undefined) throw problem;
  return coded;
}

function optionError(command: string, problem: unknown): OctavoError | undefined {
  if (problem instanceof FlagNotFoundError) {
    const similar = didYouMean(problem.corrections.map(optionName));
    return new OctavoError('OPTION_UNKNOWN', { command, option: `--${problem.input}`, similar });
  }
  if (problem instanceof AliasNotFoundError)
    return new OctavoError('OPTION_UNKNOWN', { command, option: `-${problem.input}`, similar: '' });
  if (problem instanceof UnsatisfiedFlagError)
    return new OctavoError('VALUE_MISSING', { command, option: `--${problem.externalFlagName}` });
  if (problem instanceof UnexpectedFlagError) {
    const { externalFlagName, previousInput, input } = problem;
    return new OctavoError('VALUE_TWICE', { option: `--${externalFlagName}`, first: previousInput, input });
  }
  return undefined;
}

function valueError(command: string, words: readonly string[], problem: unknown): OctavoError | undefined {
  if (problem instanceof EnumValidationError) {
    const { externalFlagName, input, values } = problem;
    const choice = `is none of ${values.join(', ')}`;
    return new OctavoError('VALUE_INVALID', {
      command,
      option: `--${externalFlagName}`,
      input,
      problem: choice,
    });
  }
  if (problem instanceof InvalidNegatedFlagSyntaxError) {
    const { externalFlagName, valueText } = problem;
    const says = 'cannot stand behind a negated option';
    return new OctavoError('VALUE_INVALID', {
      ...{ command, option: `--${externalFlagName}`, input: valueText, problem: says },
    });
  }
  if (!(problem instanceof ArgumentParseError)) return undefined;
  const { externalFlagNameOrPlaceholder: name, input, exception } = problem;
  if (!(exception instanceof SyntaxError)) throw exception;
  // The library's own parser is that of switches; every other one is ours and says what it accepts.
  const says = exception.message.startsWith('Cannot convert') ? 'is neither yes nor no' : exception.message;
  const shown = input === '' ? EMPTY : input;
  return new OctavoError('VALUE_INVALID', {
    ...{ command, option: named(name, words), input: shown, problem: says },
  });
}

function argumentError(command: string, problem: unknown): OctavoError | undefined {
  if (problem instanceof UnsatisfiedPositionalError)
    return new OctavoError('ARGUMENT_MISSING', { command, argument: problem.placeholder });
  if (problem instanceof UnexpectedPositionalError)
    return new OctavoError('ARGUMENT_SURPLUS', { command, input: problem.input });
  return undefined;
}

/** The parser hands over names of options and placeholders of arguments alike: an option stands in the words. */
function named(name: string, words: readonly string[]): string {
  const option = `--${name}`;
  const camel = option.replace(/(?<=[a-z])-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const isOption = words.some((word) => [option, camel].includes(word.replace(/=.*$/, '')));
  return isOption ? option : `<${name}>`;
}

/** `sparseBelow` as it is printed everywhere. */
function optionName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function didYouMean(names: readonly string[]): string {
  if (names.length === 0) return '';
  return `; did you mean ${names.map((name) => `\`${name}\``).join(' or ')}?`;
}

/**
 * `--out=` is no option to the parser but an argument; it is an option whose value a script left empty. Words behind
 * `--` are another program's.
 */
export function emptyValue(words: readonly string[], command: string): OctavoError | undefined {
  const end = words.indexOf('--');
  const option = (end < 0 ? words : words.slice(0, end)).find((word) => /^--[a-z][\w.-]*=$/i.test(word));
  if (option === undefined) return undefined;
  return new OctavoError('VALUE_INVALID', {
    ...{ command, option: option.slice(0, -1), input: EMPTY, problem: 'is empty' },
  });
}
