// Drives an engine as Sabaki does: attach, sync, move, undo, analysis, interruption, stop.
// Prints one JSON object with everything that was seen.

const {Controller, ControllerStateTracker} = require('@sabaki/gtp')

const [path, ...args] = process.argv.slice(2)
const seen = {}

const send = async (controller, name, ...rest) =>
  (await controller.sendCommand({name, args: rest})).content

// What is analysed until somebody calls the returned function.
const analyze = (controller, name, ...rest) => {
  const lines = []
  let first
  const begun = new Promise(resolve => (first = resolve))
  const done = controller.sendCommand({name, args: rest}, ({line}) => {
    lines.push(line)
    if (line.startsWith('info ')) first()
  })
  return {lines, begun, done}
}

async function main() {
  const controller = new Controller(path, args)
  const errors = []
  controller.on('stderr', ({content}) => errors.push(content))
  const tracker = new ControllerStateTracker(controller)
  const sent = []
  controller.on('command-sent', ({command}) => sent.push(command.name))
  controller.start()

  // Attach: four questions at once, as Sabaki asks them.
  const asked = ['name', 'version', 'protocol_version', 'list_commands'].map(name =>
    send(controller, name)
  )
  const [name, version, protocol, commands] = await Promise.all(asked)
  seen.attach = {name, version, protocol, commands: commands.split('\n')}

  // A game with passes and a move out of turn, sent without waiting.
  const play = (color, vertex) => ({name: 'play', args: [color, vertex]})
  const history = [
    play('B', 'Q16'),
    play('W', 'D4'),
    play('B', 'PASS'),
    play('W', 'D16'),
    play('W', 'Q4'),
  ]
  await tracker.sync({komi: 6.5, boardsize: [19, 19], history})
  seen.synced = {
    board: await send(controller, 'showboard'),
    komi: await send(controller, 'get_komi'),
  }

  // One step back is an undo; then a move of the engine's own.
  sent.length = 0
  await tracker.sync({komi: 6.5, boardsize: [19, 19], history: history.slice(0, 4)})
  seen.sentForOneStepBack = sent.slice()
  seen.back = await send(controller, 'showboard')
  const moved = analyze(controller, 'kata-genmove_analyze', 'B', '50')
  seen.genmove = (await moved.done).content
  seen.genmoveLines = moved.lines

  // Analysis that is interrupted by the next sync.
  for (const command of ['kata-analyze', 'lz-analyze']) {
    const analysis = analyze(controller, command, 'W', '10')
    await analysis.begun
    const before = Date.now()
    const answer = await send(controller, 'protocol_version')
    const content = (await analysis.done).content
    seen[command] = {content, answer, lines: analysis.lines, milliseconds: Date.now() - before}
  }

  // Handicap after a new size, and another rectangular size.
  await tracker.sync({
    komi: 0.5,
    boardsize: [9, 9],
    history: [{name: 'set_free_handicap', args: ['C3', 'G7']}, play('W', 'E5')],
  })
  seen.handicap = await send(controller, 'showboard')
  try {
    await tracker.sync({komi: 0.5, boardsize: [9, 5], history: []})
    seen.rectangular = 'accepted'
  } catch (error) {
    seen.rectangular = 'refused'
  }

  const exited = new Promise(resolve => controller.on('stopped', resolve))
  const before = Date.now()
  await controller.stop()
  await exited
  seen.stop = {milliseconds: Date.now() - before}
  seen.stderr = errors
  console.log(JSON.stringify(seen))
}

main().catch(error => {
  console.error(error)
  process.exit(1)
})
