"""How every HTML page of the project looks."""

PAGE_STYLE = """\
  body { font: 16px/1.5 system-ui, sans-serif; color: #23211e; background: #faf8f4;
         max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
  .figures { display: flex; flex-wrap: wrap; gap: 1rem; padding: 0; list-style: none; }
  .figures li { background: #fff; border: 1px solid #e4ded2; border-radius: .5rem;
                padding: .6rem 1rem; min-width: 8rem; }
  .figures b { display: block; font-size: 1.5rem; }
  .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem; }
  .charts img { width: 100%; border: 1px solid #e4ded2; border-radius: .5rem; }
  table { border-collapse: collapse; } td, th { padding: .2rem .9rem; text-align: right; }
  th { border-bottom: 1px solid #b9b0a0; } td:first-child, th:first-child { text-align: left; }
  .side { display: flex; flex-wrap: wrap; gap: 3rem; }
  dt { font-weight: 600; } dd { margin: 0 0 .5rem 0; overflow-wrap: anywhere; }
"""
