"""Artifacts as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.artifact import Artifact
from benchmarks.original import STAGES
from render.job.bench import lines


def show(artifact: Artifact) -> str:
    """An artifact's results as a readable table."""
    case, machine, software = artifact["case"], artifact["machine"], artifact["software"]
    tables = {
        "Yardstick": _yardstick, "EndToEnd": _end_to_end, "Pipeline": _pipeline, "Memory": _memory,
        "JobLayer": _job_layer, "Workers": _workers, "LongJob": _long_job, "Forecasts": _forecasts,
        "Stages": lines.stages, "Sweep": lines.sweep, "Surveys": _surveys, "Fits": _fits, "Rehearsal": _rehearsal,
        "Automata": _automata, "KernelTable": _kernels, "GpuCost": _gpu_cost,
    }  # fmt: skip
    threads = ", ".join(f"{name} {count}" for name, count in artifact["threads"].items())
    head = [
        f"{case['name']}{' (quick)' if artifact['quick'] else ''}: {case['about']}",
        f"{machine['processor']}, {machine['cores']} cores; threads: {threads}; render {software['render']}, "
        f"numpy {software['numpy']}, numba {software['numba']}",
    ]
    return "\n".join([*head, "", *(f"  {line}" for line in tables[case["kind"]](artifact))])


def _yardstick(artifact: Artifact) -> Iterable[str]:
    case, told = artifact["case"], artifact["results"]
    original, ours, near = told["original_cpu_ms"], told["render_cpu_ms"], told["neighbours_per_particle"]
    both = f"{'':24}{'original':>12}{'render':>12}{'ratio':>9}"
    yield f"frames {case['warm_up']} to {case['warm_up'] + case['frames']}, CPU ms a frame, one thread each"
    yield both
    for stage in STAGES[:3]:
        yield f"{stage:24}{original[stage]:12.3f}"
    simulation = sum(original[stage] for stage in STAGES[:3])
    yield f"{'= simulation':24}{simulation:12.3f}{ours['simulation']:12.3f}{told['ratio_simulation']:9.1f}"
    for stage in STAGES[3:]:
        yield f"{stage:24}{original[stage]:12.3f}"
    look = sum(original[stage] for stage in STAGES[3:])
    yield f"{'= look':24}{look:12.3f}{ours['look']:12.3f}{told['ratio_look']:9.1f}"
    yield f"{'total':24}{original['total']:12.3f}{ours['total']:12.3f}{told['ratio']:9.1f}"
    yield f"{'neighbours a particle':24}{near['original']:12.0f}{near['render']:12.0f}"
    same = told["original_on_render_states_cpu_ms"]["total"]
    yield f"{'original, render states':24}{same:12.3f}{'':12}{told['ratio_on_render_states']:9.1f}"
    low, high = told["ratio_of_blocks"]
    yield f"ratio of single blocks of {case['block']} frames: {low:.0f} to {high:.0f}"


def _end_to_end(artifact: Artifact) -> Iterable[str]:
    told = artifact["results"]
    yield f"{artifact['case']['frames']} frames, ffmpeg {artifact['ffmpeg']['version']}"
    yield f"{'':10}{'frames/s':>10}{'render CPU ms':>15}{'ffmpeg CPU ms':>15}   waits for"
    for number, each in enumerate(told["runs"], 1):
        yield (
            f"run {number:<6}{each['wall_fps']:10.1f}{each['render_cpu_ms']:15.3f}{each['ffmpeg_cpu_ms']:15.3f}"
            f"   {each['bottleneck']}"
        )
    yield f"{'median':10}{told['wall_fps']:10.1f}"


def _pipeline(artifact: Artifact) -> Iterable[str]:
    case, told = artifact["case"], artifact["results"]
    yield f"{case['frames']} frames after {case['warm_up']}, {told['neighbours_per_particle']:.0f} neighbours a particle"
    yield f"{'':12}{'CPU ms a frame':>16}{'wall ms a frame':>17}"
    for stage, cpu in told["cpu_ms"].items():
        yield f"{stage:12}{cpu:16.2f}{told['wall_ms'][stage]:17.2f}"
    runs = ", ".join(f"{each['wall_fps']:.1f}" for each in told["runs"])
    yield f"side by side: {told['wall_fps']:.1f} frames/s (median of {runs}), waits for {told['runs'][-1]['bottleneck']}"


def _memory(artifact: Artifact) -> Iterable[str]:
    told = artifact["results"]
    for moment in (told["early"], told["late"]):
        yield f"frame {moment['frame']:>7,}{moment['rss_mb']:10.2f} MB resident"
    yield f"{'growth':13}{told['growth_mb']:10.2f} MB"
    yield f"at {told['wall_fps']:.0f} frames/s; frames blake2b {told['frames_blake2b']}"


def _job_layer(artifact: Artifact) -> Iterable[str]:
    for name, told in artifact["results"]["films"].items():
        yield f"{name}, {told['frames']} frames in {told['segments']} segments"
        yield f"{'':10}{'streamed fps':>14}{'job fps':>10}{'streamed CPU ms':>18}{'job CPU ms':>12}{'overhead':>10}"
        for number, (one, job) in enumerate(zip(told["streamed"], told["jobs"], strict=True)):
            yield (
                f"  run {number + 1:<4}{one['wall_fps']:14.1f}{job['wall_fps']:10.1f}{one['cpu_ms']:18.3f}"
                f"{job['cpu_ms']:12.3f}{100 * told['overhead_of_pairs'][number]:9.1f}%"
            )
        yield f"  median: {100 * told['overhead']:.1f} % of the time, {100 * told['overhead_cpu']:.1f} % of CPU"


def _workers(artifact: Artifact) -> Iterable[str]:
    for name, told in artifact["results"]["films"].items():
        yield f"{name}, {told['frames']} frames in {told['segments']} segments, equal bytes: sha256 {told['sha256'][:16]}..."
        for count, fps in told["wall_fps"].items():
            yield f"  {count} worker{'s' if int(count) > 1 else ' '}{fps:10.1f} fps{told['cpu_ms'][count]:10.3f} CPU ms a frame"
        stages = ", ".join(f"{stage.replace('_', ' ')} {ms:.3f}" for stage, ms in told["stages_cpu_ms"].items())
        yield f"  CPU ms a frame: {stages}"
        model = artifact["results"]["model"][name]
        gpu = f", {model['fps_with_gpu']:,.0f} with a GPU" if model["fps_with_gpu"] else ""
        yield (
            f"  derived for {model['cores']} such cores, filled to {100 * model['cores_filled']:.0f} %: "
            f"{model['fps']:,.0f} fps{gpu}; one encoder {model['one_encoder_fps']:,.0f}, the scout {model['scout_fps']:,.0f}"
        )


def _long_job(artifact: Artifact) -> Iterable[str]:
    told = artifact["results"]
    frames, decoded, memory = told["frames"], told["decoded"], told["rss_mb"]
    yield f"frames: {frames['planned']} planned, {frames['in_file']} in the file, {frames['decoded']} decoded, {told['segments']} segments"
    yield f"ticks of {told['tick']} s between frames: {told['ticks_between_frames']}; {told['packets_without_time']} without a time"
    yield f"lowest fill of the player's buffer: {100 * told['buffer_lowest']:.0f} %"
    same = "equal" if told["frames_sha256"] == told["frames_sha256_again"] else "DIFFERENT"
    yield f"digest of the frames, made once more: {same}; decoded ones {decoded['psnr_db']['lowest']:.1f} dB at least"
    yield f"decoded frames nearer to a neighbour than to their own: {decoded['nearer_to_a_neighbour']}"
    yield f"memory: {memory['early']:.1f} MB early, {memory['late']:.1f} MB late, ffmpeg {memory['ffmpeg_early']:.1f} and {memory['ffmpeg_late']:.1f}"
    share = 100 * (told["disk_bytes"] / told["disk_bytes_planned"] - 1)
    yield f"disk at its fullest: {told['disk_bytes'] / 1e6:,.1f} MB, planned {told['disk_bytes_planned'] / 1e6:,.1f} MB ({share:+.1f} %)"
    yield f"film: {told['film_bytes'] / 1e6:,.1f} MB, planned {told['film_bytes_planned'] / 1e6:,.1f} MB; {told['wall_fps']:.0f} fps"


def _forecasts(artifact: Artifact) -> Iterable[str]:
    for told in artifact["results"]["films"]:
        yield (
            f"{told['preset']}: {told['foretold_bits'] / 1e3:.1f} kbit a frame foretold, {told['bits'] / 1e3:.1f} in "
            f"{told['frames']} frames from {told['first_frame']} on ({100 * told['difference']:+.1f} %)"
        )
        yield f"  {told['verdict']}"


def _fits(artifact: Artifact) -> Iterable[str]:
    for told in artifact["results"]["films"]:
        yield (
            f"{told['preset']}, {told['length']}, {told['segments']} segments, {told['bitrate'] / 1e3:,.0f} kbit/s: "
            f"{told['bytes']:,} of {told['most_bytes']:,} bytes ({100 * told['difference']:+.2f} %)"
        )


def _rehearsal(artifact: Artifact) -> Iterable[str]:
    told = artifact["results"]
    yield f"film   {told['film_bytes']:>15,} bytes, {told['frames']:,} frames"
    yield f"image  {told['image_bytes']:>15,} bytes, {told['image_bytes_foretold']:,} foretold"
    fits = "fits" if told["fits"] else "does not fit"
    yield f"{told['medium']}   {told['medium_bytes']:>15,} bytes: it {fits}"
    yield ", ".join(f"{step} {seconds:.0f} s" for step, seconds in told["seconds"].items())
    yield told["verified"][-1]


def _kernels(artifact: Artifact) -> Iterable[str]:
    told = artifact["results"]
    architectures = artifact["case"]["architectures"]
    yield f"registers, NVRTC {artifact['config']['nvrtc']}; spills {told['spill_bytes']}, stack {told['stack_bytes']} bytes"
    yield f"{'':18}" + "".join(f"{each:>8}" for each in architectures)
    for name, taken in told["kernels"].items():
        yield f"{name:18}" + "".join(f"{taken[each]['registers']:8}" for each in architectures)


def _gpu_cost(artifact: Artifact) -> Iterable[str]:
    for state in artifact["results"]["states"]:
        counts = state["counts"]
        yield (
            f"{state['preset']} after {state['frame']} frames: {counts['candidate_pairs']:,} candidate pairs, "
            f"{counts['pairs_in_range']:,} in range, {counts['taps']:,} taps, {counts['lit_pixels']:,} lit pixels"
        )
        for machine, derived in state["derived"].items():
            kernels = ", ".join(f"{name} {us:g}" for name, us in derived["kernel_us"].items())
            yield f"  {machine}: {derived['frame_us']:,} us a frame (derived): {kernels}"
            yield f"    frames/s: {', '.join(f'{name} {fps:,.0f}' for name, fps in derived['fps'].items())}"


def _automata(artifact: Artifact) -> Iterable[str]:
    told = artifact["results"]
    yield f"{'Lenia':16}{'threads':>8}{'pair, ms':>12}{'step, ms':>12}{'ratio':>9}"
    for each in told["lenia"]:
        size, ms = f"{each['columns']} x {each['rows']}", each["ms"]
        yield f"{size:16}{each['threads']:8}{ms['pair']:12.2f}{ms['step']:12.2f}{each['ratio']:9.2f}"
    for each in told["gray_scott"]:
        size = f"{each['columns']} x {each['rows']}"
        yield f"Gray-Scott, {size:16}{each['cells_per_second'] / 1e9:8.2f} G cells a core second"
    for name, film in told["films"].items():
        ms = film["cpu_ms"]
        yield f"{name:18}simulation {ms['simulation']:.1f} ms, look {ms['look']:.1f} ms of CPU; {film['wall_fps']:.0f} fps"


def _surveys(artifact: Artifact) -> Iterable[str]:
    for name, found in artifact["results"].items():
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in found["verdicts"].items())
        yield f"{name:16}{found['steps']:8,} steps{found['seconds']:8.0f} s   {verdicts}"
