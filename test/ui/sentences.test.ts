import { afterEach, describe, expect, test } from 'vitest';
import { KnownError, type SettingName } from '../../src/errors.ts';
import { overwriteGetLocale } from '../../src/ui/messages/runtime.js';
import { errorSentence, problemSentence } from '../../src/ui/sentences.ts';

afterEach(() => overwriteGetLocale(() => 'en'));

describe('problemSentence', () => {
  const facts = { file: 'model.safetensors', wantBytes: 3_724_576, gotBytes: 1024 };

  test('names the facts, with every digit of a number', () => {
    expect(problemSentence({ code: 'read-short', facts })).toBe(
      'model.safetensors ended early: 3,724,576 bytes were wanted, 1,024 came. Add or download the file again.',
    );
  });

  test('speaks the language of the page', () => {
    overwriteGetLocale(() => 'zh');
    expect(problemSentence({ code: 'read-short', facts })).toBe(
      'model.safetensors 提前结束：需要 3,724,576 字节，只读到 1,024 字节。请重新添加或下载该文件。',
    );
  });
});

describe('problemSentence, of a setting', () => {
  const sentence = (setting: SettingName, value: string) =>
    problemSentence({ code: 'setting-invalid', facts: { setting, value } });

  test('calls it what its field is called', () => {
    expect(sentence('batch-size', '0')).toBe('“Batch size” cannot be 0. Enter another number.');
    expect(sentence('negative-count', '-1')).toBe(
      '“Negatives per example” cannot be -1. Enter another number.',
    );
    expect(sentence('temperature', '0')).toBe('“Temperature” cannot be 0. Enter another number.');
    expect(sentence('max-input-tokens', '1')).toBe(
      '“Longest input, tokens” cannot be 1. Enter another number.',
    );
  });

  test('calls a field without a number empty', () => {
    expect(sentence('batch-size', 'NaN')).toBe('“Batch size” cannot be empty. Enter another number.');
  });

  test('has no English in a Chinese sentence', () => {
    overwriteGetLocale(() => 'zh');
    expect(sentence('batch-size', '0')).toBe('“批大小”的值“0”不可用。请输入其他数值。');
    expect(sentence('max-input-tokens', 'NaN')).toBe('“最长输入（词元）”的值“空”不可用。请输入其他数值。');
  });
});

describe('problemSentence, of what a model is run as', () => {
  const facts = { model: 'qwen', modelType: 'qwen3', task: 'decoder' } as const;

  test('calls it what its field calls it', () => {
    expect(problemSentence({ code: 'examples-task', facts })).toContain('scored as “language model”');
    expect(problemSentence({ code: 'task-unknown', facts })).toContain(
      'cannot be run here as “language model”',
    );
  });

  test('has no English in a Chinese sentence', () => {
    overwriteGetLocale(() => 'zh');
    expect(problemSentence({ code: 'examples-task', facts })).toContain('按“语言模型”评分');
  });
});

describe('errorSentence', () => {
  test('says a known error by its code', () => {
    expect(errorSentence(new KnownError('gpu-missing', {}))).toBe(
      'This browser offers no GPU. Choose Automatic or CPU.',
    );
  });

  test('says an unknown error plainly, with its own words', () => {
    expect(errorSentence(new TypeError('x is undefined'))).toContain('(x is undefined)');
  });
});
