"""``gopolicy export``: a network as ONNX, for programs that know nothing of gopolicy."""

import argparse

from gopolicy.cli.options import add_json, add_option, check_no_input_is_written, output_file
from gopolicy.cli.output import print_json, print_text

DESCRIPTION = """\
Writes a network as ONNX, and compares what the file answers with what torch answers.

The input "planes" is float32 [batch, planes, N, N], rows from the top; the output "logits" is
float32 [batch, N * N], point by point from the top left; softmax makes them probabilities. The file
says in its metadata which plane set it wants and what each plane means. It needs the packages that
pip install 'gopolicy[export]' adds."""

EXAMPLES = """\
examples:
  gopolicy export alphago-64x8 --out net.onnx
  gopolicy export run/weights --out net.onnx --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_option(
        parser,
        "weights WEIGHTS",
        "a shipped network by name, a weight folder or a file in one",
    )
    add_option(
        parser,
        "--out NET.onnx",
        "the file to write",
        kind=output_file(".onnx"),
        required=True,
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from gopolicy.policy.load import load
    from gopolicy.policy.onnx_export import export

    check_no_input_is_written([args.out], [args.weights])
    policy = load(args.weights, device="cpu", precision="fp32", backend="torch")
    written = export(policy, args.out)
    if args.json:
        print_json(written)
        return 0
    facts = written.metadata
    print_text(
        f"{written.path}: {written.bytes:,} bytes, ONNX operator set {written.opset}\n"
        f'input "planes": float32 [batch, {policy.info.planes}, {policy.size}, {policy.size}],'
        f" plane set {facts['gopolicy.plane_set']}\n"
        f'output "logits": float32 [batch, {policy.size**2}]\n'
        f"checked with {written.checked_with}: logits at most"
        f" {written.largest_difference:.1g} off torch's"
    )
    return 0
