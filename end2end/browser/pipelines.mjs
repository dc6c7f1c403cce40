// Pipelines as kfp compiles them, small enough to be read here.
const FILE = (name) => `{{$.outputs.parameters['${name}'].output_file}}`;
const WRITE = 'import os, sys\ndef put(path, text):\n    os.makedirs(os.path.dirname(path), exist_ok=True)\n    open(path, "w").write(text)\n';

/// Three tasks, one after the other: the first prints more than is read at once, makes a number and a file, the second fails until there is a file `marker`.
export function numbers(name = 'numbers') {
  const executor = (code, ...args) => ({ container: { image: 'python:3.11', command: ['python3', '-c', WRITE + code], args } });
  const parameter = (parameterType, rest = {}) => ({ parameterType, ...rest });
  const given = (name) => ({ componentInputParameter: name });
  const task = (name, parameters, dependentTasks = []) => ({
    taskInfo: { name }, componentRef: { name: `comp-${name}` }, cachingOptions: { enableCache: true }, dependentTasks, inputs: { parameters },
  });
  return JSON.stringify({
    pipelineInfo: { name, description: 'Counts, waits for a marker, tells.' },
    schemaVersion: '2.1.0',
    sdkVersion: 'kfp-2.17.3',
    root: {
      inputDefinitions: {
        parameters: {
          rows: parameter('NUMBER_INTEGER', { description: 'How many rows to make.' }),
          marker: parameter('STRING', { description: 'The file that is waited for.' }),
          loud: parameter('BOOLEAN', { defaultValue: false, isOptional: true }),
        },
      },
      dag: {
        tasks: {
          count: task('count', { rows: given('rows') }),
          gate: task('gate', { marker: given('marker') }, ['count']),
          tell: task('tell', { loud: given('loud'), total: { taskOutputParameter: { producerTask: 'count', outputParameterKey: 'total' } } }, ['count', 'gate']),
        },
      },
    },
    components: {
      'comp-count': {
        executorLabel: 'exec-count',
        inputDefinitions: { parameters: { rows: parameter('NUMBER_INTEGER') } },
        outputDefinitions: {
          parameters: { total: parameter('NUMBER_INTEGER') },
          artifacts: { table: { artifactType: { schemaTitle: 'system.Dataset', schemaVersion: '0.0.1' } } },
        },
      },
      'comp-gate': { executorLabel: 'exec-gate', inputDefinitions: { parameters: { marker: parameter('STRING') } } },
      'comp-tell': { executorLabel: 'exec-tell', inputDefinitions: { parameters: { loud: parameter('BOOLEAN'), total: parameter('NUMBER_INTEGER') } } },
    },
    deploymentSpec: {
      executors: {
        'exec-count': executor(
          'rows = int(sys.argv[1])\nfor i in range(130000):\n    print(f"line {i} " + "." * 60)\nprint(f"made {rows} rows")\nput(sys.argv[2], str(rows * 2))\nput(sys.argv[3], "row\\n" * rows)\n',
          "{{$.inputs.parameters['rows']}}", FILE('total'), "{{$.outputs.artifacts['table'].path}}",
        ),
        'exec-gate': executor(
          'print(f"looking for {sys.argv[1]}")\nif not os.path.exists(sys.argv[1]):\n    sys.exit("the marker is not there")\n',
          "{{$.inputs.parameters['marker']}}",
        ),
        'exec-tell': executor(
          'print(f"in all {sys.argv[2]}" + ("!" if sys.argv[1].lower() == "true" else ""))\n',
          "{{$.inputs.parameters['loud']}}", "{{$.inputs.parameters['total']}}",
        ),
      },
    },
  });
}

/// One task that does nothing, and three numbers and a text to be given.
export function needs(name = 'needs') {
  const parameter = (parameterType) => ({ parameterType });
  return JSON.stringify({
    pipelineInfo: { name },
    schemaVersion: '2.1.0',
    sdkVersion: 'kfp-2.17.3',
    root: {
      inputDefinitions: {
        parameters: {
          decay: parameter('NUMBER_DOUBLE'), rate: parameter('NUMBER_DOUBLE'), share: parameter('NUMBER_DOUBLE'), title: parameter('STRING'),
        },
      },
      dag: { tasks: { rest: { taskInfo: { name: 'rest' }, componentRef: { name: 'comp-rest' } } } },
    },
    components: { 'comp-rest': { executorLabel: 'exec-rest' } },
    deploymentSpec: { executors: { 'exec-rest': { container: { image: 'python:3.11', command: ['true'] } } } },
  });
}

/// `n` tasks that wait for each other here and there.
export function crowded(n) {
  const task = (i) => ({
    taskInfo: { name: `task-${i}` }, componentRef: { name: 'comp-rest' }, cachingOptions: {},
    dependentTasks: i < 10 ? [] : [...new Set([i - 10, i - 1 - (i % 7)])].map((d) => `task-${d}`),
  });
  return JSON.stringify({
    pipelineInfo: { name: 'crowded' },
    schemaVersion: '2.1.0',
    sdkVersion: 'kfp-2.17.3',
    root: { dag: { tasks: Object.fromEntries(Array.from({ length: n }, (_, i) => [`task-${i}`, task(i)])) } },
    components: { 'comp-rest': { executorLabel: 'exec-rest' } },
    deploymentSpec: { executors: { 'exec-rest': { container: { image: 'python:3.11', command: ['true'] } } } },
  });
}

/// Two questions, the second of which comes `after` some; nothing runs.
export function asks(name = 'asks', after = ['ship']) {
  const task = (name, message, dependentTasks = []) => ({
    taskInfo: { name }, componentRef: { name: 'comp-ask' }, dependentTasks, inputs: { parameters: { message: { runtimeValue: { constant: message } } } },
  });
  return JSON.stringify({
    pipelineInfo: { name }, schemaVersion: '2.1.0', sdkVersion: 'kfp-2.17.3',
    root: { dag: { tasks: { ship: task('ship', 'Ship the model?'), tell: task('tell', 'Tell everybody?', after) } } },
    components: {
      'comp-ask': {
        executorLabel: 'exec-ask',
        inputDefinitions: { parameters: { message: { parameterType: 'STRING' } } },
        outputDefinitions: { parameters: { comment: { parameterType: 'STRING' } } },
      },
    },
    deploymentSpec: {
      executors: {
        'exec-ask': {
          container: {
            image: 'slipway/approval', command: ['approval'], args: ['--message', "{{$.inputs.parameters['message']}}", '--comment', FILE('comment')],
          },
        },
      },
    },
  });
}
